"""`agents_wait` and `sessions_yield`: wait for agents that work in parallel, and return their results.

A waiting run gives up its slot, so that its children can use it. It waits for events, so it
continues as soon as the last child has ended.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.ids import RunId
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import Caller
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES, result_row, shared

WAIT_SECONDS = 30
MAX_IDS = 1000
_NOTHING_NEW = "You were told how every child ended; sessions_history reads a result again."


class Waited(NamedTuple):
    """Several runs after a wait: those that have ended, and those that have not."""

    completed: list[Json]
    pending: list[Json]
    timed_out: bool


async def wait_agents(call: Call, arguments: Arguments) -> JsonObject:
    """The results of runs by id, session, label or task name, once `until` is met."""
    ids = arguments.texts("ids", most=MAX_IDS)
    if not ids:
        raise Refusal("ids required: run ids, session keys, labels or task names")
    until = arguments.choice("until", Until, Until.ALL)
    seconds = arguments.whole("timeoutSeconds")
    runs: list[ChildRun] = []
    errors: list[Json] = []
    for name in ids:
        try:
            runs.append(ChildRun.of(await call.find_run(name)))
        except Refusal as refusal:
            errors.append(_not_found(name, refusal))
    wait = WAIT_SECONDS if seconds is None else seconds
    waited = await wait_for(call, runs, until=until, seconds=wait)
    answer: dict[str, Json] = {"completed": waited.completed, "pending": waited.pending}
    if errors:
        answer.update(errors=errors, success=False)
    return answer


def _not_found(name: str, refusal: Refusal) -> JsonObject:
    match refusal.answer["status"], refusal.answer.get("ambiguous"):
        case "forbidden", _:
            return {"runId": name, "error": "not_owner"}
        case _, True:
            return {"runId": name, "error": "ambiguous", "message": refusal.answer["error"]}
        case _:
            return {"runId": name, "error": "not_found"}


async def wait_for(
    call: Call, asked: Sequence[ChildRun], *, until: Until, seconds: float
) -> Waited:
    """Wait up to `seconds` for the runs to end, and report which ended, and how."""
    runs = [child.run for child in asked]
    if seconds > 0 and any(not child.status.is_over for child in asked):
        call.park()
    timed_out = False
    try:
        results = await call.sessions.wait(runs, timeout=seconds, until=until)
    except TimeoutError:
        timed_out = True
        results = await call.sessions.wait(runs, timeout=None, until=Until.NOW)
    return _waited(call, asked, results, timed_out=timed_out)


def _waited(
    call: Call, asked: Sequence[ChildRun], results: Sequence[Result], *, timed_out: bool
) -> Waited:
    ended = {result.run_id for result in results}
    call.mark_reported(list(ended))
    most = shared(call.settings.hand_back_tokens, results)
    return Waited(
        [result_row(result, max_tokens=most) for result in results],
        [_pending(child) for child in asked if child.run not in ended],
        timed_out,
    )


def _pending(child: ChildRun) -> JsonObject:
    # The status may be newer than the results: a run that has ended since is still pending here.
    status = "running" if child.status.is_over else STATUS_NAMES[child.status]
    return {
        "runId": child.run,
        "sessionKey": child.session,
        "label": child.label,
        "status": status,
    }


async def yield_turn(call: Call, arguments: Arguments) -> JsonObject:
    """End the turn until what the session asked its children for has settled, or a message arrives.

    Each end is told once: a run that was told by an earlier call is left out.
    """
    session, caller = call.requester.session, call.requester.caller
    if session is None or caller is None:
        raise Refusal("Yield not supported in this context")
    for_message = arguments.text("waitFor") == "message"
    children = [
        child
        for child in await call.sessions.child_runs(session)
        if not child.is_quiet and not caller.has_reported(child.run)
    ]
    live = [child.run for child in children if not child.status.is_over]
    if live or for_message:
        call.park()
    is_message = await _message_arrives(call, caller, None if for_message else live)
    left = [child for child in children if not caller.has_reported(child.run)]
    results = await call.sessions.wait([child.run for child in left], until=Until.NOW)
    waited = _waited(call, left, results, timed_out=False)
    answer: dict[str, Json] = {
        "status": "yielded",
        "reason": "message" if is_message else "settled",
        "completed": waited.completed,
        "pending": waited.pending,
    }
    if not left:
        answer["note"] = _NOTHING_NEW
    return answer


async def _message_arrives(call: Call, caller: Caller, runs: Sequence[RunId] | None) -> bool:
    """Whether a message arrives before all these runs end; with None, wait for a message alone."""
    message = asyncio.ensure_future(caller.wait_message())
    waits = [message]
    if runs is not None:
        waits.append(asyncio.ensure_future(_all_ended(call, runs)))
    try:
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        for ended in waits[1:]:
            if ended.done():
                ended.result()
        return message.done()
    finally:
        for task in waits:
            task.cancel()
        await asyncio.wait(waits)


async def _all_ended(call: Call, runs: Sequence[RunId]) -> None:
    await call.sessions.wait(runs)
