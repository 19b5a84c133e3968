"""`pagents board`: the numbers that a person chose to see, from a file of tiles."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.alert_states import read_states
from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_context
from parallel_agents.views import format
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.session_search import search
from parallel_agents.views.sessions import SessionLine
from parallel_agents.views.tiles import TileBoard, Value, read_board, values_of

_FOLDER, _ENDING = "boards", ".toml"
_MOST_BYTES, MOST_SESSIONS = 100_000, 10_000


class _Sought(NamedTuple):
    lines: list[SessionLine]
    matching: int


def board(
    name: Annotated[
        str, typer.Argument(help="A board: overview, cost, or a file in boards/.", metavar="[NAME]")
    ] = "overview",
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show a board: tiles, each a filter and a metric, and which alerts hold."""
    context = find_context(home)
    now = time.time()
    found = read_board(_content(context, name), name, now)

    async def look() -> dict[str, _Sought]:
        async with open_reader(context.environment, context.settings) as reader:
            filters = dict.fromkeys(tile.filter for tile in found.tiles)
            return {each: await _seek(reader, each, now) for each in filters}

    sought = run_cancellable(look())
    if json:
        render.envelope("board", now, list(_items(found, sought)), title=found.title)
        return
    _print(found, sought)
    _print_alerts(context)


async def _seek(reader: Reader, filter: str, now: float) -> _Sought:
    found = await search(
        reader.sessions, reader.journal, parse_query(filter, now), limit=MOST_SESSIONS
    )
    return _Sought(found.lines, found.matching)


def _content(context: CliContext, name: str) -> bytes:
    """The file of a board: the project's, the home's, or ours."""
    for folder in context.environment.folders:
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
            if folder == context.environment.project:
                context.environment.accept(path, content)
            return content
    ours = files("parallel_agents.views").joinpath(_FOLDER)
    names = {each.name.removesuffix(_ENDING) for each in ours.iterdir()}
    if name in names:
        return ours.joinpath(f"{name}{_ENDING}").read_bytes()
    known = names.union(
        path.stem
        for folder in context.environment.folders
        for path in (folder / _FOLDER).glob(f"*{_ENDING}")
        if _is_file(path)
    )
    raise NotFound(
        f"there is no board {format.cut(name, 40)!r}",
        why=f"boards are files such as {context.environment.home / _FOLDER / 'nightly.toml'}",
        hint=did_you_mean(name, known),
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # no file can have this name, or its folder is closed to us
        return False


def _print(found: TileBoard, sought: Mapping[str, _Sought]) -> None:
    render.line(found.title, "bold")
    single = [tile for tile in found.tiles if tile.by is None]
    rows = [(tile.title, *_told(values_of(tile, sought[tile.filter].lines)[0])) for tile in single]
    if rows:
        render.table(("TILE", "VALUE", "SESSIONS"), rows, right=("VALUE", "SESSIONS"))
    for tile in found.tiles:
        if tile.by is None:
            continue
        values = values_of(tile, sought[tile.filter].lines)
        render.line("")
        render.line(tile.title, "bold")
        if not values:
            render.line("  none")
            continue
        named = [(value.name, *_told(value)) for value in values[: tile.most]]
        titles = (tile.by.value.upper(), "VALUE", "SESSIONS")
        render.table(titles, named, right=titles[1:])
        if len(values) > tile.most:
            render.note(f"{len(values) - tile.most:,} more; `most` of the tile shows them.")
    cut = [each for each in sought.values() if each.matching > len(each.lines)]
    if cut:
        render.note(f"Of more than {MOST_SESSIONS:,} sessions, only the newest are counted.")


def _told(value: Value) -> tuple[str, str]:
    return (value.text, f"{value.sessions:,}")


def _print_alerts(context: CliContext) -> None:
    alerts = context.settings.alerts
    if not alerts:
        return
    states = read_states(context.environment.home)
    rows: list[tuple[str, str, str]] = []
    for alert in alerts:
        state = states.get(alert.id)
        if state is None:
            rows.append((alert.when, "not so far", ""))
            continue
        since = format.seconds(max(time.time() - state.since, 0.0))
        what = "holds" if state.is_firing else "ended"
        rows.append(
            (alert.when, f"{what}, for {since}", f"not told: {state.error}" if state.error else "")
        )
    render.line("")
    render.table(("ALERT", "STATE", ""), rows)


def _items(found: TileBoard, sought: Mapping[str, _Sought]) -> Iterator[dict[str, Json]]:
    for tile in found.tiles:
        lines, matching = sought[tile.filter]
        yield {
            "title": tile.title,
            "metric": tile.metric.value,
            "filter": tile.filter,
            "by": tile.by.value if tile.by else None,
            "is_cut": matching > len(lines),
            "values": [
                {"name": v.name or None, "value": v.number, "sessions": v.sessions}
                for v in values_of(tile, lines)[: tile.most if tile.by else None]
            ],
        }
