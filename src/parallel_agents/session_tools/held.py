"""Held: runs of which none can go on before a person answers a question."""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence

from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import Event, Finished
from parallel_agents.core.ids import RunId
from parallel_agents.core.question import QuestionKind
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.session_tools.context import Call


async def wait_held(call: Call, runs: Sequence[RunId]) -> None:
    """Return once those of these runs that have not ended wait for a person, each with all below it."""
    news = asyncio.Event()

    def note(events: Sequence[Event]) -> None:
        if any(isinstance(event.body, Asked | Finished) for event in events):
            news.set()

    leave = call.records.subscribe(note)
    try:
        while not await _are_held(call, runs):
            await news.wait()
            news.clear()
    finally:
        leave()


async def _are_held(call: Call, runs: Sequence[RunId]) -> bool:
    # A stuck run may go on by itself, whatever is asked about it.
    asking = {
        each.run
        for each in await call.sessions.questions()
        if each.question.question is not QuestionKind.STUCK
    }
    if not asking:
        return False
    rows = await call.sessions.rows_of(runs)
    left = [row for row in rows if not row.run.status.is_over]
    return bool(left) and all([await _is_held(call, row, asking) for row in left])


async def _is_held(call: Call, row: Row, asking: Collection[RunId]) -> bool:
    """Whether each live session below a run, and it itself, asks or waits for one that does."""
    live = await call.sessions.list(Filter(tree=row.session.key, is_live=True))
    above = {each.session.parent for each in live}
    return all(each.run.id in asking for each in live if each.session.key not in above)
