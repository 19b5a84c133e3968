"""`agents_wait` and `sessions_yield`: wait for agents that work in parallel, and return their results.

A waiting run gives up its slot, so that its children can use it. It waits for events, so it
continues as soon as the last child has ended.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.ids import is_group_key
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES, result_row, shared
from parallel_agents.session_tools.rows import label_of
from parallel_agents.session_tools.waiting import (
    NEEDS_PERSON,
    NOTES,
    End,
    wait_for_message,
    wait_for_runs,
)

WAIT_SECONDS = 30
MAX_IDS = 1000
_MOST_TASKS = 50  # of a team, in one answer
STILL_RUNNING = "Not all have ended, and they continue: wait again for the pending ids."
STUCK = "Nobody can begin what waitsFor says: make that true, or kill it and spawn it anew."
_NOTHING_NEW = "You were told how every child ended; sessions_history reads a result again."


def note_on(pending: Sequence[Json]) -> str:
    """What to do about runs that have not ended, by their rows."""
    rows = [each for each in pending if isinstance(each, Mapping)]
    asking = [each for each in rows if "needs" in each]
    if asking and len(asking) == len(rows):
        return NEEDS_PERSON
    left = STUCK if any("waitsFor" in each for each in rows) else STILL_RUNNING
    return f"{left} {NEEDS_PERSON}" if asking else left


class Waited(NamedTuple):
    """Several runs after a wait: those that have ended, and those that have not."""

    completed: list[JsonObject]
    pending: list[JsonObject]
    end: End

    @property
    def timed_out(self) -> bool:
        return self.end is End.TIMEOUT

    @property
    def note(self) -> str:
        """What to know about those that are pending; empty if nothing is."""
        if self.end in NOTES:
            return NOTES[self.end]
        return note_on(self.pending) if self.timed_out and self.pending else ""


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
    answer: dict[str, Json] = {"completed": [*waited.completed], "pending": [*waited.pending]}
    if note := waited.note:
        answer["note"] = note
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
    end, seconds = End.SETTLED, call.requester.wait_of(seconds)
    if any(not child.status.is_over for child in asked):
        is_asked = seconds > 0 and until is not Until.NOW
        end = (
            await wait_for_runs(call, runs, seconds=seconds, until=until)
            if is_asked
            else End.TIMEOUT
        )
    results = await call.sessions.wait(runs, until=Until.NOW)
    return await _waited(call, asked, results, end)


async def _waited(
    call: Call, asked: Sequence[ChildRun], results: Sequence[Result], end: End
) -> Waited:
    ended = {result.run_id for result in results}
    await call.mark_reported(list(ended))
    most = shared(call.settings.hand_back_tokens, results)
    left = await call.sessions.rows_of([child.run for child in asked if child.run not in ended])
    return Waited(
        [await _result(call, result, max_tokens=most) for result in results],
        await _pending(call, left),
        end,
    )


async def _result(call: Call, result: Result, *, max_tokens: int) -> JsonObject:
    """A run that has ended; a team has no answer of its own, so that its row has those of its tasks."""
    row = result_row(result, max_tokens=max_tokens)
    if result.artifacts and call.requester.session is None:
        row = {
            **row,
            "toRead": f"`pagents artifact get {result.session_key} ID` prints an artifact",
        }
    if result.output is not None or not is_group_key(result.session_key):
        return row
    team = await call.sessions.team_result(result.session_key)
    most = max_tokens // max(len(team.results[:_MOST_TASKS]), 1)
    tasks = [
        {**result_row(each, max_tokens=most), "label": each.label}
        for each in team.results[:_MOST_TASKS]
    ]
    left = len(team.results) - len(tasks)
    return {**row, "tasks": [*tasks], **({"moreTasks": left} if left else {})}


async def _pending(call: Call, rows: Sequence[Row]) -> list[JsonObject]:
    needs = await call.records.needs(rows)
    return [
        {
            "runId": row.run.id,
            "sessionKey": row.session.key,
            **label_of(row.session),
            # It may be newer than the results: a run that has ended since is still pending here.
            "status": "running" if row.run.status.is_over else STATUS_NAMES[row.run.status],
            **call.waits_for(row),
            **needs.get(row.run.id, {}),
        }
        for row in rows
    ]


async def yield_turn(call: Call, arguments: Arguments) -> JsonObject:
    """End the turn until what the session asked its children for has settled, or a message arrives.

    Each end is reported once: a run that an earlier call reported is left out. A run that waits for
    a message alone does so within its own time limit.
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
    end = await wait_for_runs(call, live) if live else End.SETTLED
    if for_message and end is not End.MESSAGE:
        await wait_for_message(call)
        end = End.MESSAGE
    left = [child for child in children if not caller.has_reported(child.run)]
    results = await call.sessions.wait([child.run for child in left], until=Until.NOW)
    waited = await _waited(call, left, results, end)
    answer: dict[str, Json] = {
        "status": "yielded",
        "reason": end.value,
        "completed": [*waited.completed],
        "pending": [*waited.pending],
    }
    if not left:
        answer["note"] = _NOTHING_NEW
    return answer
