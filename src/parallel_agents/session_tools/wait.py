"""`agents_wait` and `sessions_yield`: wait for agents that work in parallel, and have what they gave.

A run that waits holds no place, so its children can have it; and it waits for events, so it goes on
as soon as the last of them has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter, Row
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester
from parallel_agents.session_tools.results import STATUS_NAMES, settled

_WAIT_SECONDS = 30
_MOST_IDS = 1000


class Settled(NamedTuple):
    """What became of several runs: those that are over, and those that are not."""

    completed: list[Json]
    pending: list[Json]
    is_late: bool


async def wait_agents(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """The results of runs by id, session, label or task name, once all, any or a good one is over."""
    ids = arguments.texts("ids", most=_MOST_IDS)
    if not ids:
        raise Refusal("ids required: run ids, session keys, labels or task names")
    until = arguments.choice("until", Until, Until.ALL)
    seconds = arguments.whole("timeoutSeconds")
    rows: list[Row] = []
    errors: list[Json] = []
    for name in ids:
        try:
            rows.append(await backing.find_run(name, requester))
        except Refusal as refusal:
            is_hidden = refusal.answer["status"] == "forbidden"
            errors.append({"runId": name, "error": "not_owner" if is_hidden else "not_found"})
    wait = _WAIT_SECONDS if seconds is None else seconds
    told = await join(backing, requester, rows, until=until, seconds=wait)
    answer: dict[str, Json] = {"completed": told.completed, "pending": told.pending}
    if errors:
        answer.update(errors=errors, success=False)
    return answer


async def join(
    backing: Backing,
    requester: Requester,
    rows: Sequence[Row],
    *,
    until: Until = Until.ALL,
    seconds: float | None,
) -> Settled:
    """Wait for the runs of these rows, at most so many seconds, and tell how they ended."""
    runs = [row.run.id for row in rows]
    live = [row for row in rows if not row.run.status.is_over]
    if live and (seconds is None or seconds > 0):
        requester.park()
    is_late = False
    try:
        over = await backing.sessions.wait(runs, timeout=seconds, until=until)
    except TimeoutError:
        is_late = True
        over = await backing.sessions.wait(runs, timeout=None, until=Until.NOW)
    return _settled(backing, requester, rows, over, is_late=is_late)


def _settled(
    backing: Backing,
    requester: Requester,
    rows: Sequence[Row],
    over: list[Result],
    *,
    is_late: bool,
) -> Settled:
    by_run = {result.run_id: result for result in over}
    requester.hand_back(list(by_run))
    return Settled(
        [settled(result, most_tokens=backing.hand_back_tokens) for result in over],
        [_pending(row) for row in rows if row.run.id not in by_run],
        is_late,
    )


def _pending(row: Row) -> JsonObject:
    status = STATUS_NAMES[row.run.status]
    label = row.session.label
    return {
        "runId": row.run.id,
        "sessionKey": row.session.key,
        "label": label,
        "status": status if not row.run.status.is_over else "running",
    }


async def yield_turn(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """End the turn until every child has settled, or somebody has a word for the run."""
    if requester.session is None or requester.caller is None:
        raise Refusal("Yield not supported in this context")
    waits_for_word = arguments.text("waitFor") == "message"
    rows = await backing.sessions.list(Filter(parent=requester.session))
    mine = [row for row in reversed(rows) if not row.session.options.is_quiet]
    runs = [row.run.id for row in mine if not row.run.status.is_over]
    if runs or waits_for_word:
        requester.park()
    is_word = await _until_word_or_over(backing, requester, runs, waits_for_word=waits_for_word)
    over = await backing.sessions.wait([row.run.id for row in mine], until=Until.NOW)
    told = _settled(backing, requester, mine, over, is_late=False)
    return {
        "status": "yielded",
        "reason": "message" if is_word else "settled",
        "completed": told.completed,
        "pending": told.pending,
    }


async def _until_word_or_over(
    backing: Backing, requester: Requester, runs: Sequence[RunId], *, waits_for_word: bool
) -> bool:
    """Whether a word came before the runs were over."""
    assert requester.caller is not None, "who yields is a run"
    word = asyncio.ensure_future(requester.caller.wait_message())
    waits = [word]
    if not waits_for_word:
        waits.append(asyncio.ensure_future(_over(backing, runs)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for done in waits[1:]:
            if done.done():
                done.result()
        return word.done()
    finally:
        for task in waits:
            task.cancel()
        await asyncio.wait(waits)


async def _over(backing: Backing, runs: Sequence[RunId]) -> None:
    await backing.sessions.wait(runs)
