"""`agents_wait` and `sessions_yield`: wait for agents that work in parallel, and return their results.

A waiting run gives up its slot, so that its children can use it. It waits for events, so it
continues as soon as the last child has ended.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter, Row
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES, result_row
from parallel_agents.session_tools.waiting import NOTES, End, wait_for_message, wait_for_runs

WAIT_SECONDS = 30
MAX_IDS = 1000


class Waited(NamedTuple):
    """Several runs after a wait: those that have ended, and those that have not."""

    completed: list[Json]
    pending: list[Json]
    end: End

    @property
    def timed_out(self) -> bool:
        return self.end is End.TIMEOUT


async def wait_agents(call: Call, arguments: Arguments) -> JsonObject:
    """The results of runs by id, session, label or task name, once `until` is met."""
    ids = arguments.texts("ids", most=MAX_IDS)
    if not ids:
        raise Refusal("ids required: run ids, session keys, labels or task names")
    until = arguments.choice("until", Until, Until.ALL)
    seconds = arguments.whole("timeoutSeconds")
    rows: list[Row] = []
    errors: list[Json] = []
    for name in ids:
        try:
            rows.append(await call.find_run(name))
        except Refusal as refusal:
            is_hidden = refusal.answer["status"] == "forbidden"
            errors.append({"runId": name, "error": "not_owner" if is_hidden else "not_found"})
    wait = WAIT_SECONDS if seconds is None else seconds
    waited = await wait_for(call, rows, until=until, seconds=wait)
    answer: dict[str, Json] = {"completed": waited.completed, "pending": waited.pending}
    if waited.end in NOTES:
        answer["note"] = NOTES[waited.end]
    if errors:
        answer.update(errors=errors, success=False)
    return answer


async def wait_for(call: Call, rows: Sequence[Row], *, until: Until, seconds: float) -> Waited:
    """Wait up to `seconds` for the runs in `rows` to end, and report which ended, and how."""
    runs = [row.run.id for row in rows]
    end = End.SETTLED
    if any(not row.run.status.is_over for row in rows):
        is_asked = seconds > 0 and until is not Until.NOW
        end = (
            await wait_for_runs(call, runs, seconds=seconds, until=until)
            if is_asked
            else End.TIMEOUT
        )
    results = await call.sessions.wait(runs, until=Until.NOW)
    return _waited(call, rows, results, end)


def _waited(call: Call, rows: Sequence[Row], results: Sequence[Result], end: End) -> Waited:
    ended = {result.run_id for result in results}
    call.mark_reported(list(ended))
    most = call.settings.hand_back_tokens
    return Waited(
        [result_row(result, max_tokens=most) for result in results],
        [_pending(row) for row in rows if row.run.id not in ended],
        end,
    )


def _pending(row: Row) -> JsonObject:
    # A row may be newer than the results: a run that has ended since is still pending here.
    status = "running" if row.run.status.is_over else STATUS_NAMES[row.run.status]
    return {
        "runId": row.run.id,
        "sessionKey": row.session.key,
        "label": row.session.label,
        "status": status,
    }


async def yield_turn(call: Call, arguments: Arguments) -> JsonObject:
    """End the turn until every child has settled, or a message for the run arrives.

    A run that waits for a message alone does so within its own time limit.
    """
    session, caller = call.requester.session, call.requester.caller
    if session is None or caller is None:
        raise Refusal("Yield not supported in this context")
    for_message = arguments.text("waitFor") == "message"
    rows = await call.sessions.list(Filter(parent=session))
    children = [row for row in reversed(rows) if not row.session.options.is_quiet]
    live = [row.run.id for row in children if not row.run.status.is_over]
    end = await wait_for_runs(call, live) if live else End.SETTLED
    if for_message and end is not End.MESSAGE:
        await wait_for_message(call)
        end = End.MESSAGE
    results = await call.sessions.wait([row.run.id for row in children], until=Until.NOW)
    waited = _waited(call, children, results, end)
    return {
        "status": "yielded",
        "reason": end.value,
        "completed": waited.completed,
        "pending": waited.pending,
    }
