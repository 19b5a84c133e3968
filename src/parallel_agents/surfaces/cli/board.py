"""`pagents board`: the numbers that a person chose to see, from a file of tiles."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from typing import Annotated

import typer

from parallel_agents.app.alert_states import read_states
from parallel_agents.app.reading import open_reader
from parallel_agents.core.schema import Json
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.boards import MOST_SESSIONS, Counted, board_content, count_tiles
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_context
from parallel_agents.views import format
from parallel_agents.views.tiles import TileBoard, Value, read_board, values_of


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
    found = read_board(board_content(context.environment, name), name, now)

    async def look() -> Mapping[str, Counted]:
        async with open_reader(context.environment, context.settings) as reader:
            return await count_tiles(found, reader.sessions, reader.journal, now)

    sought = run_cancellable(look())
    if json:
        render.envelope("board", now, list(_items(found, sought)), title=found.title)
        return
    _print(found, sought)
    _print_alerts(context)


def _print(found: TileBoard, sought: Mapping[str, Counted]) -> None:
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


def _items(found: TileBoard, sought: Mapping[str, Counted]) -> Iterator[dict[str, Json]]:
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
