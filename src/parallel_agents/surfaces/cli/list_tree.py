"""List tree: the sessions above and below those of a list, for `pagents list --tree`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.app.reading import Reader
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.views.member_sessions import member_places
from parallel_agents.views.sessions import SessionLine, lines_of

_MOST_BELOW = 500


class Relatives(NamedTuple):
    """Sessions with their relatives.

    Attributes:
        order: the places of the tasks of teams and flows.
        left_out: how many sessions of the trees are not among the lines.
    """

    lines: list[SessionLine]
    order: Mapping[SessionKey, int]
    left_out: int


async def with_relatives(
    client: Reader, lines: Sequence[SessionLine], limit: int, *, is_filtered: bool
) -> Relatives:
    """The lines with the sessions above them if they were filtered, or else with those below them.

    Without a filter, at most 500 sessions are added, or `limit` if that is more.
    """
    rows = [line.row for line in lines]
    left_out = 0
    if is_filtered:
        more = await _above(client, rows)
    else:
        more, left_out = await _below(client, rows, max(limit, _MOST_BELOW))
    added = lines_of(await client.journal.look(more), client.lacks) if more else []
    every = [*lines, *added]
    order: dict[SessionKey, int] = {}
    for line in every:
        if line.row.run.kind.is_group:
            order |= await member_places(client.sessions, line.row)
    return Relatives(every, order, left_out)


async def _above(client: Reader, rows: Sequence[Row]) -> list[Row]:
    """What is above the rows, each once."""
    known = {row.session.key for row in rows}
    found: list[Row] = []
    left = list(rows)
    while left:
        parent = left.pop().session.parent
        if parent is None or parent in known:
            continue
        known.add(parent)
        above = await client.sessions.list(Filter(session=parent))
        found += above
        left += above
    return found


async def _below(client: Reader, rows: Sequence[Row], most: int) -> tuple[list[Row], int]:
    """What is below the rows, each once, and how many more there are."""
    found: dict[SessionKey, Row] = {}
    known = {row.session.key for row in rows}
    left_out = 0
    for row in rows:
        if row.session.parent in known:
            continue
        room = most - len(found)
        whole = Filter(tree=row.session.key, limit=room + 1)
        below = [r for r in await client.sessions.list(whole) if r.session.key not in known]
        taken = below[:room]
        found |= {each.session.key: each for each in taken}
        if len(below) > room:
            total = await client.journal.count_rows(Filter(tree=row.session.key))
            left_out += total - 1 - len(taken)
    return list(found.values()), left_out
