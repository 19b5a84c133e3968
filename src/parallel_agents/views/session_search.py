"""Session search: the sessions that a query asks for, page by page, with how many there are."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionReads
from parallel_agents.views.session_query import SessionQuery
from parallel_agents.views.sessions import SessionLine, lines_of

_SCANNED = 5_000  # each part reads all open questions anew
_MOST_ASKING = 500  # sessions that are looked for by their keys


class Sought(NamedTuple):
    """The sessions of a page, newest first, and how many match in all."""

    lines: list[SessionLine]
    matching: int


async def search(
    sessions: SessionReads,
    journal: Journal,
    query: SessionQuery,
    *,
    limit: int,
    after: SessionKey | None = None,
    lacks: Callable[[Row], str] = lambda _: "",
) -> Sought:
    """A page of the sessions that a query asks for.

    Raises:
        NotFound, Ambiguous: the session that the query is about cannot be found.
    """
    chosen = query.filter
    if query.within:
        chosen = replace(chosen, tree=(await sessions.find(query.within)).session.key)
    if query.is_decided_by_store:
        rows = await sessions.list(replace(chosen, limit=limit, after=after))
        return Sought(lines_of(await journal.look(rows), lacks), await journal.count_rows(chosen))
    if query.is_of_waiting and (asking := await _asking(sessions)) is not None:
        chosen = replace(chosen, sessions=asking)
    found = await _scan(sessions, journal, query, chosen, lacks)
    keys = [line.row.session.key for line in found]
    start = keys.index(after) + 1 if after is not None and after in keys else 0
    return Sought(found[start : start + limit], len(found))


async def _asking(sessions: SessionReads) -> tuple[SessionKey, ...] | None:
    """The sessions that may wait for a person; None if they are many, or wait together for a budget."""
    questions = await sessions.questions()
    keys = tuple({each.session for each in questions})
    is_known = len(keys) <= _MOST_ASKING and all(each.runs == 1 for each in questions)
    return keys if is_known else None


async def _scan(
    sessions: SessionReads,
    journal: Journal,
    query: SessionQuery,
    chosen: Filter,
    lacks: Callable[[Row], str],
) -> list[SessionLine]:
    """All that match of the live sessions, which alone are stopped, stuck or waiting, and of others."""
    found: list[SessionLine] = []
    last: SessionKey | None = None
    while rows := await sessions.list(replace(chosen, limit=_SCANNED, after=last)):
        lines = lines_of(await journal.look(rows), lacks)
        found += [line for line in lines if query.takes(line)]
        last = rows[-1].session.key
        if len(rows) < _SCANNED:
            break
    return found
