"""Task wait: `subagents` with the action `wait`, for what is named or for all whose results nobody was given."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.ids import RunId
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Until
from parallel_agents.session_tools.arguments import Arguments
from parallel_agents.session_tools.clients import of_clients
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.rows import task_row
from parallel_agents.session_tools.targets import ALL, children, find_task, has_name
from parallel_agents.session_tools.wait import MAX_IDS, WAIT_SECONDS, Waited, wait_for
from parallel_agents.session_tools.waiting import NOTES, End

RECENT_MINUTES = 30
_IN_TASK = frozenset({"runId", "status"})
_GIVEN = (
    "Nothing to wait for: you were given the result of all that you spawned. agents_wait with a run "
    "id or a label gives a result again."
)


async def wait_for_tasks(call: Call, arguments: Arguments) -> JsonObject:
    """Wait for the tasks that are named; without names for all whose results were not given yet."""
    seconds = arguments.whole("timeoutSeconds")
    until = arguments.choice("until", Until, Until.ALL)
    spawned = await children(call)
    names = _names(arguments)
    if names == (ALL,) and not has_name(spawned, ALL):
        names = ()
    unavailable: list[Json] = []
    if names:
        rows: list[Row] = []
        for name in names:
            found = await find_task(call, spawned, name)
            if found is None:
                unavailable.append(name)
            else:
                rows.append(found)
    else:
        rows = await _not_given(call, spawned)
    wait = WAIT_SECONDS if seconds is None else seconds
    asked = [ChildRun.of(row) for row in {row.run.id: row for row in rows}.values()]
    waited = await wait_for(call, asked, until=until, seconds=wait)
    answer = await _answer(call, waited, [child.run for child in asked], unavailable)
    if rows:
        return answer
    if names:
        return {**answer, "reason": "unavailable"}
    return {**answer, "note": _GIVEN if spawned else await nothing_spawned(call)}


def _names(arguments: Arguments) -> tuple[str, ...]:
    """What is waited for, in each of the ways in which a call may name it."""
    if names := arguments.texts("taskIds", most=MAX_IDS):
        return names
    for one in ("taskId", "target", "sessionKey"):
        if names := arguments.texts(one, most=MAX_IDS):
            return names
    return ()


async def _not_given(call: Call, spawned: Sequence[Row]) -> list[Row]:
    """The live ones of these, and those that have ended and whose results the requester has not seen.

    A person, whose sessions are all of the home, is given what ended lately.
    """
    requester = call.requester
    is_person = not requester.client and requester.session is None
    since = call.now() - RECENT_MINUTES * 60 if is_person else 0.0
    ended = [
        row
        for row in spawned
        if row.run.status.is_over
        and not row.session.options.is_quiet
        and (row.run.finished_at or 0.0) >= since
    ][-MAX_IDS:]
    given = await call.reported([row.run.id for row in ended])
    new = {row.run.id for row in ended} - given
    return [row for row in spawned if not row.run.status.is_over or row.run.id in new]


async def _answer(
    call: Call, waited: Waited, runs: Sequence[RunId], unavailable: list[Json]
) -> JsonObject:
    rows = await call.sessions.rows_of(runs)
    pending = {str(each["runId"]): each for each in waited.pending}
    ended = {str(each["runId"]): each for each in waited.completed}
    attention = [run for run, each in ended.items() if each["status"] != "done"]
    attention += [run for run, each in pending.items() if "needs" in each]
    reason = "timeout" if waited.timed_out else "attention" if attention else "completed"
    if waited.end in NOTES and waited.end is not End.HELD:
        reason = waited.end.value
    return {
        "status": "ok",
        "action": "wait",
        "reason": reason,
        "tasks": [
            {
                **task_row(row, is_given=row.run.id in ended),
                **_more(ended.get(row.run.id) or pending.get(row.run.id)),
            }
            for row in rows
        ],
        "completed": [*ended],
        "attention": [*attention],
        "unavailable": unavailable,
        **({"note": waited.note} if waited.note else {}),
    }


def _more(row: JsonObject | None) -> JsonObject:
    """What a row of a wait says beyond what a task's row does."""
    return {name: value for name, value in (row or {}).items() if name not in _IN_TASK}


async def nothing_spawned(call: Call) -> str:
    """That the requester has spawned nothing, and where to look for what earlier conversations did."""
    if call.requester.client:
        live = await call.sessions.list(Filter(roots_only=True, is_live=True))
        if others := len(await of_clients(call.sessions, live)):
            named = "1 session" if others == 1 else f"{others} sessions"
            return f"no subagents of this conversation; sessions_list has {named} of others that are live"
    return "no subagents"
