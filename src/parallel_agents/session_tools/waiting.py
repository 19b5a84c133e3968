"""Waiting: the one way in which a session tool waits, so that every wait ends.

A message to the waiting run ends the wait at once. A wait that could only end after the waiting run
itself is not begun: two runs that wait for each other would do so until their limits. A client's wait
ends once only a person could end it: the client can tell the person, who may not look for hours.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from enum import StrEnum
from typing import NamedTuple

from parallel_agents.core.ids import RunId
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.context import Call, Wait
from parallel_agents.session_tools.held import wait_held

# A cycle is short; a search that meets more runs than this is given up, and the wait has its limit.
_MOST_SEARCHED = 200


class End(StrEnum):
    """Why a wait ended."""

    SETTLED = "settled"
    MESSAGE = "message"
    TIMEOUT = "timeout"
    DEADLOCK = "deadlock"
    HELD = "held"


# What a person does about what is asked, which no client of a model may.
NEEDS_PERSON = (
    "A run waits for your person, and goes on only with their answer: tell them what asks says. "
    "`pagents inbox` lists it, and `pagents answer ID ANSWER` answers it."
)
# What an answer says of a wait that ended neither by its time nor by the runs.
NOTES = {
    End.MESSAGE: "a message for you arrived; it comes next",
    End.DEADLOCK: "not waited: these runs can end only after yours, which would wait for ever",
    End.HELD: NEEDS_PERSON,
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
    if run is not None:
        call.waits[run] = Wait(frozenset(runs), until)
    try:
        async with asyncio.timeout(seconds):
            return await _first(call, runs, until)
    except TimeoutError:
        return End.TIMEOUT
    finally:
        if run is not None:
            call.waits.pop(run, None)


async def wait_for_message(call: Call) -> None:
    """Wait for a message alone, without the caller's slot; the caller's own time keeps running.

    Nobody has promised the message, so that no other limit ends the wait.
    """
    caller = call.requester.caller
    if caller is not None:
        caller.rest()
        await caller.wait_message()


async def _first(call: Call, runs: Sequence[RunId], until: Until) -> End:
    """Whether the runs end as `until` says before something else ends the wait."""
    ended = asyncio.ensure_future(_ended(call, runs, until))
    other = asyncio.ensure_future(_interrupted(call, runs))
    try:
        await asyncio.wait((ended, other), return_when=asyncio.FIRST_COMPLETED)
        return ended.result() if ended.done() else other.result()
    finally:
        for task in (ended, other):
            task.cancel()
        await asyncio.wait((ended, other))


async def _interrupted(call: Call, runs: Sequence[RunId]) -> End:
    """A message to the caller ends its wait; for a client, that only a person could end it."""
    caller = call.requester.caller
    if caller is not None:
        await caller.wait_message()
        return End.MESSAGE
    await wait_held(call, runs)
    return End.HELD


async def _ended(call: Call, runs: Sequence[RunId], until: Until) -> End:
    """Wait until the runs have ended as `until` says, or those left can end only after the caller."""
    me = call.requester.run
    if until is not Until.FIRST_DONE or me is None:
        await call.sessions.wait(runs, until=until)
        return End.SETTLED
    left = list(runs)
    while left:
        await call.sessions.wait(left, until=Until.ANY)
        statuses = {run: await _status(call, run) for run in left}
        left = [run for run, status in statuses.items() if not status.is_over]
        if RunStatus.DONE in statuses.values():
            break
        if left and await _waits_for(call, left, me, until):
            return End.DEADLOCK
    return End.SETTLED


async def _status(call: Call, run: RunId) -> RunStatus:
    rows = await call.sessions.list(Filter(run=run))
    return rows[0].run.status if rows else RunStatus.UNREADABLE


async def _waits_for(call: Call, runs: Sequence[RunId], me: RunId, until: Until) -> bool:
    """Whether too many of these runs can end only after `me` for a wait to have an end."""
    near = await _near(call)
    if near.isdisjoint(runs) and all(near.isdisjoint(wait.runs) for wait in call.waits.values()):
        return False  # nearly always: nobody waits for this session or one above it
    stuck = await _stuck(call, runs, me)
    return bool(runs) and (any if until is Until.ALL else all)(run in stuck for run in runs)


async def _near(call: Call) -> set[RunId]:
    """The live runs of the caller's session and of those above it, which a cycle passes through."""
    runs: set[RunId] = set()
    key = call.requester.session
    while key is not None:
        rows = await call.sessions.list(Filter(session=key, is_live=True, every_run=True))
        runs.update(row.run.id for row in rows)
        key = rows[0].session.parent if rows else None
    return runs


class _Needs(NamedTuple):
    """What must end before a run can.

    Attributes:
        all_of: runs that must all end.
        one_of: runs of which one must end; empty if it does not wait for one of several.
    """

    all_of: frozenset[RunId] = frozenset()
    one_of: frozenset[RunId] = frozenset()


async def _stuck(call: Call, runs: Sequence[RunId], me: RunId) -> set[RunId]:
    """Those of these runs, and of what they need, that can end only after `me`."""
    needs: dict[RunId, _Needs] = {}
    left = list(runs)
    while left and len(needs) < _MOST_SEARCHED:
        run = left.pop()
        if run != me and run not in needs:
            needs[run] = await _needs(call, run)
            left += [*needs[run].all_of, *needs[run].one_of]
    stuck = {me, *needs}
    while free := {run for run in stuck - {me} if _is_free(needs[run], stuck)}:
        stuck -= free
    return stuck


def _is_free(needs: _Needs, stuck: set[RunId]) -> bool:
    """Whether a run can end, given those that may not."""
    is_one_free = not needs.one_of or not needs.one_of <= stuck
    return is_one_free and needs.all_of.isdisjoint(stuck)


async def _needs(call: Call, run: RunId) -> _Needs:
    """What a run waits for, the earlier runs of its session, and the children that it hears from."""
    found = await call.sessions.list(Filter(run=run))
    if not found or found[0].run.status.is_over:
        return _Needs()
    key, number = found[0].session.key, found[0].run.number
    others = await call.sessions.list(Filter(session=key, is_live=True, every_run=True))
    children = await call.sessions.child_runs(key)
    before = frozenset(
        (
            *(other.run.id for other in others if other.run.number < number),
            *(child.run for child in children if not (child.is_quiet or child.status.is_over)),
        )
    )
    wait = call.waits.get(run)
    if wait is None:
        return _Needs(before)
    if wait.until is Until.ALL:
        return _Needs(before | wait.runs)
    statuses = {each: await _status(call, each) for each in wait.runs}
    if wait.until is Until.ANY and any(status.is_over for status in statuses.values()):
        return _Needs(before)  # the wait has ended
    if RunStatus.DONE in statuses.values():
        return _Needs(before)
    live = frozenset(each for each, status in statuses.items() if not status.is_over)
    return _Needs(before, live)
