"""Install: write the skill's folder, and keep the files that its user changed.

The hash of each written file is stored beside it: a file with that hash can be updated, any other
belongs to the user.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Iterator, Mapping
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NamedTuple

import orjson
from pydantic import TypeAdapter, ValidationError

from parallel_agents._version import __version__
from parallel_agents.errors import Conflict, InvalidInput
from parallel_agents.files import write_whole

NAME = "parallel-agents"
_NOTE = ".installed.json"
_SHOWN = 5
_NOTED = TypeAdapter(dict[str, str])


class Installed(NamedTuple):
    """The skill's folder, its files, and the files that were written; the others were up to date."""

    folder: Path
    files: tuple[str, ...]
    written: tuple[str, ...]


def install(skills: Path, *, overwrites: bool = False) -> Installed:
    """Write the skill into a folder of skills.

    Args:
        skills: the folder of all skills.
        overwrites: overwrite files that the user changed.

    Raises:
        Conflict: the user changed files that would be overwritten; nothing was written.
        InvalidInput: the folder cannot be read or written.
    """
    folder = skills.expanduser().absolute() / NAME
    contents = _contents(folder)
    stale = [name for name in contents if _read(folder / name) != contents[name]]
    if not overwrites:
        _check_unchanged(folder, stale)
    for name in stale:
        write_whole(folder / name, contents[name])
    noted = {name: _hash(content) for name, content in contents.items()}
    write_whole(folder / _NOTE, orjson.dumps(noted, option=orjson.OPT_INDENT_2))
    return Installed(folder, tuple(contents), tuple(stale))


def _check_unchanged(folder: Path, names: list[str]) -> None:
    noted = _noted(folder)
    changed: list[str] = []
    for name in names:
        content = _read(folder / name)
        if content is not None and _hash(content) != noted.get(name):
            changed.append(name)
    if changed:
        more = f" and {len(changed) - _SHOWN} more" if len(changed) > _SHOWN else ""
        raise Conflict(
            f"{folder} has files that this skill did not write, or that were changed",
            why=", ".join(changed[:_SHOWN]) + more,
            hint="name another folder, or overwrite them with --force",
        )


def _contents(folder: Path) -> dict[str, bytes]:
    """The files by name, with the values that depend on the installation."""
    values = {"@PYTHON@": sys.executable, "@FOLDER@": str(folder), "@VERSION@": __version__}
    skill = resources.files("parallel_agents.surfaces.openclaw").joinpath("skill")
    return {name: _filled(file, values) for name, file in sorted(_files(skill))}


def _files(folder: Traversable, above: str = "") -> Iterator[tuple[str, Traversable]]:
    for item in folder.iterdir():
        if item.is_file():
            yield f"{above}{item.name}", item
        elif item.name != "__pycache__":
            yield from _files(item, f"{above}{item.name}/")


def _filled(file: Traversable, values: Mapping[str, str]) -> bytes:
    text = file.read_text("utf-8")
    for mark, value in values.items():
        text = text.replace(mark, value)
    return text.encode()


def _noted(folder: Path) -> dict[str, str]:
    try:
        return _NOTED.validate_json(_read(folder / _NOTE) or b"{}")
    except ValidationError:
        return {}


def _read(file: Path) -> bytes | None:
    try:
        return file.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise InvalidInput(
            f"{file} cannot be read",
            why=str(error),
            hint="name another folder, or move it elsewhere",
        ) from error


def _hash(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
