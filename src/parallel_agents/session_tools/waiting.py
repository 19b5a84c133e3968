"""Waiting: the one way in which a session tool waits, so that every wait ends.

A message to the waiting run ends the wait at once. A wait that could only end after the waiting run
itself is not begun: two runs that wait for each other would do so until their limits.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum

from parallel_agents.core.ids import RunId
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Sessions, Until
from parallel_agents.session_tools.context import Call

# A cycle is short; a search that meets more runs than this is given up, and the wait has its limit.
_MOST_SEARCHED = 200


class End(StrEnum):
    """Why a wait ended."""

    SETTLED = "settled"
    MESSAGE = "message"
    TIMEOUT = "timeout"
    DEADLOCK = "deadlock"


# What an answer says of a wait that ended neither by its time nor by the runs.
NOTES = {
    End.MESSAGE: "a message for you arrived; it comes next",
    End.DEADLOCK: "not waited: these runs can end only after yours, which would wait for ever",
}


async def wait_for_runs(
    call: Call, runs: Sequence[RunId], *, seconds: float | None = None, until: Until = Until.ALL
) -> End:
    """Wait for runs without the caller's slot, at most `seconds`.

    The time for which the caller waits for others is not its own.
    """
    run = call.requester.run
    if run is not None and await _waits_for(call, runs, run, until):
        return End.DEADLOCK
    call.park()
    if run is not None and until is Until.ALL:
        call.waits[run] = frozenset(runs)
    try:
        async with asyncio.timeout(seconds):
            return await _first(call, runs, until)
    except TimeoutError:
        return End.TIMEOUT
    finally:
        if run is not None:
            call.waits.pop(run, None)


async def wait_for_message(call: Call) -> None:
    """Wait for a message alone, without the caller's slot; the caller's own time goes on.

    Nobody has promised the message, so that no other limit ends the wait.
    """
    caller = call.requester.caller
    if caller is not None:
        caller.rest()
        await caller.wait_message()


async def _first(call: Call, runs: Sequence[RunId], until: Until) -> End:
    """Whether the runs end as `until` says before a message arrives."""
    ended = asyncio.ensure_future(_ended(call.sessions, runs, until))
    caller = call.requester.caller
    if caller is None:
        await ended
        return End.SETTLED
    message = asyncio.ensure_future(caller.wait_message())
    try:
        await asyncio.wait((ended, message), return_when=asyncio.FIRST_COMPLETED)
        if ended.done():
            ended.result()
        return End.SETTLED if ended.done() else End.MESSAGE
    finally:
        for task in (ended, message):
            task.cancel()
        await asyncio.wait((ended, message))


async def _ended(sessions: Sessions, runs: Sequence[RunId], until: Until) -> None:
    await sessions.wait(runs, until=until)


async def _waits_for(call: Call, runs: Sequence[RunId], me: RunId, until: Until) -> bool:
    """Whether too many of these runs can end only after `me` for a wait to have an end."""
    near = await _near(call)
    if near.isdisjoint(runs) and all(near.isdisjoint(waited) for waited in call.waits.values()):
        return False  # nearly always: nobody waits for this session or one above it
    if until is Until.ALL:
        return await _reaches(call, runs, me)
    found = [await _reaches(call, [run], me) for run in runs]
    return bool(found) and all(found)


async def _near(call: Call) -> set[RunId]:
    """The live runs of the caller's session and of those above it, which a cycle passes through."""
    runs: set[RunId] = set()
    key = call.requester.session
    while key is not None:
        rows = await call.sessions.list(Filter(session=key, is_live=True, every_run=True))
        runs.update(row.run.id for row in rows)
        key = rows[0].session.parent if rows else None
    return runs


async def _reaches(call: Call, runs: Sequence[RunId], goal: RunId) -> bool:
    """Whether the end of `goal` must come before the end of one of these runs."""
    seen: set[RunId] = set()
    left = list(runs)
    while left and len(seen) < _MOST_SEARCHED:
        run = left.pop()
        if run == goal:
            return True
        if run not in seen:
            seen.add(run)
            left += await _what_must_end_before(call, run)
    return False


async def _what_must_end_before(call: Call, run: RunId) -> list[RunId]:
    """What a run waits for, the earlier runs of its session, and the children that it hears from."""
    found = await call.sessions.list(Filter(run=run))
    if not found or found[0].run.status.is_over:
        return []
    key, number = found[0].session.key, found[0].run.number
    others = await call.sessions.list(Filter(session=key, is_live=True, every_run=True))
    children = await call.sessions.child_runs(key)
    return [
        *call.waits.get(run, ()),
        *(other.run.id for other in others if other.run.number < number),
        *(child.run for child in children if not (child.is_quiet or child.status.is_over)),
    ]
