"""Boards: the files of tiles that a person has, and ours, and the sessions that their tiles count."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.inspection import Journal
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.settings import Environment
from parallel_agents.views import format
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.session_search import search
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.tiles import TileBoard

_FOLDER, _ENDING = "boards", ".toml"
_MOST_BYTES, MOST_SESSIONS = 100_000, 10_000


class Counted(NamedTuple):
    """The sessions that a filter lets through, and how many there are of them if some are left out."""

    lines: list[SessionLine]
    matching: int


def board_names(environment: Environment) -> Sequence[str]:
    """The names of all boards."""
    own = {
        path.stem
        for folder in environment.folders
        for path in (folder / _FOLDER).glob(f"*{_ENDING}")
        if _is_file(path)
    }
    return sorted(own.union(_ours()))


def board_content(environment: Environment, name: str) -> bytes:
    """The file of a board: the project's, the home's, or ours.

    Raises:
        NotFound: there is none of this name.
        InvalidInput: it is too large.
    """
    for folder in environment.folders:
        path = folder / _FOLDER / f"{name}{_ENDING}"
        if Path(name).name == name and _is_file(path):
            with path.open("rb") as file:
                content = file.read(_MOST_BYTES + 1)
            if len(content) > _MOST_BYTES:
                raise InvalidInput(
                    f"the board {name} is larger than {_MOST_BYTES // 1000} kB",
                    why=str(path),
                    hint="divide it into several boards",
                )
            if folder == environment.project:
                environment.accept(path, content)
            return content
    if name in _ours():
        return files("parallel_agents.views").joinpath(_FOLDER, f"{name}{_ENDING}").read_bytes()
    raise NotFound(
        f"there is no board {format.cut(name, 40)!r}",
        why=f"boards are files such as {environment.home / _FOLDER / 'nightly.toml'}",
        hint=did_you_mean(name, board_names(environment)),
    )


async def count_tiles(
    board: TileBoard, sessions: SessionReads, journal: Journal, now: float
) -> Mapping[str, Counted]:
    """The newest sessions that each filter of a board lets through."""
    found: dict[str, Counted] = {}
    for filter in dict.fromkeys(tile.filter for tile in board.tiles):
        sought = await search(sessions, journal, parse_query(filter, now), limit=MOST_SESSIONS)
        found[filter] = Counted(sought.lines, sought.matching)
    return found


def _ours() -> set[str]:
    folder = files("parallel_agents.views").joinpath(_FOLDER)
    return {each.name.removesuffix(_ENDING) for each in folder.iterdir()}


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have this name, or its folder is closed to us
        return False
