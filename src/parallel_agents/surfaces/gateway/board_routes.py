"""Board routes: the boards of the person, the project and ours, with the numbers of their tiles."""

from __future__ import annotations

import asyncio

from typing_extensions import TypedDict

from parallel_agents.surfaces.boards import Counted, board_content, board_names, count_tiles
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Nothing, PageQuery
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views import format
from parallel_agents.views.tiles import Tile, read_board, values_of


class BoardNameDocument(TypedDict):
    """The name of a board."""

    name: str


class TileValueDocument(TypedDict):
    """A number of a tile, of how many sessions; null if nothing has it."""

    name: str | None
    value: float | None
    text: str
    sessions: int


class TileDocument(TypedDict):
    """A tile and its numbers: one, or one for each of what it has lines for.

    `left` is how many more there are; `is_cut` says that only the newest sessions are counted.
    """

    title: str
    metric: str
    filter: str
    by: str | None
    values: list[TileValueDocument]
    left: int
    is_cut: bool


class BoardDocument(TypedDict):
    """A board."""

    name: str
    title: str
    as_of: str | None
    tiles: list[TileDocument]


async def boards(call: Call, given: PageQuery) -> Page:
    """The names of all boards."""
    names = await asyncio.to_thread(board_names, call.gateway.environment)
    part = [name for name in names if name > given.after][: given.limit]
    return Page(
        schema="boards",
        items=[{"name": name} for name in part],
        as_of=call.client.now(),
        last=part[-1] if part and part[-1] != names[-1] else "",
        total=len(names),
    )


async def board(call: Call, _: Nothing) -> Document:
    """One board, with the numbers of its tiles as they are now."""
    name, now, client = call.name, call.client.now(), call.client
    content = await asyncio.to_thread(board_content, call.gateway.environment, name)
    found = read_board(content, name, now)
    counted = await count_tiles(found, client.sessions, client.journal, now)
    value: BoardDocument = {
        "name": name,
        "title": found.title,
        "as_of": format.iso(now),
        "tiles": [_tile_json(tile, counted[tile.filter]) for tile in found.tiles],
    }
    return Document(value=value)


def _tile_json(tile: Tile, counted: Counted) -> TileDocument:
    values = values_of(tile, counted.lines)
    shown = values[: tile.most] if tile.by else values
    return {
        "title": tile.title,
        "metric": tile.metric.value,
        "filter": tile.filter,
        "by": tile.by.value if tile.by else None,
        "values": [
            {"name": v.name or None, "value": v.number, "text": v.text, "sessions": v.sessions}
            for v in shown
        ],
        "left": len(values) - len(shown),
        "is_cut": counted.matching > len(counted.lines),
    }


ROUTES = (
    Route(
        method="GET",
        path="/boards",
        name="boards",
        does="The names of all boards: the project's, the person's, and ours.",
        takes=PageQuery,
        gives=BoardNameDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, boards),
    ),
    Route(
        method="GET",
        path="/boards/{name}",
        name="board",
        does="One board, with the numbers of its tiles as they are now.",
        takes=Nothing,
        gives=BoardDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, board),
    ),
)
