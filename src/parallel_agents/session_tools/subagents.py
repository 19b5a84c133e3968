"""`subagents`: list, wait for, steer, kill and cancel the sessions that the requester spawned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import orjson

from parallel_agents.core.event import SteerMode
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import Until
from parallel_agents.errors import RunIsOver
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES
from parallel_agents.session_tools.rows import child_row, label_of, task_row
from parallel_agents.session_tools.targets import (
    ALL,
    children_of,
    find_target,
    find_task,
    has_name,
    read_target,
)
from parallel_agents.session_tools.wait import MAX_IDS, STILL_RUNNING, WAIT_SECONDS, wait_for
from parallel_agents.session_tools.waiting import NOTES

_RECENT_MINUTES = 30
_TEXT_ROWS = 20
_MAX_BYTES = 24 * 1024  # of one list, about 6,000 tokens
_LIVE = ("queued", "running")
_IN_TASK = frozenset({"runId", "status"})


class _Action(StrEnum):
    LIST = "list"
    WAIT = "wait"
    STEER = "steer"
    KILL = "kill"
    CANCEL = "cancel"


async def manage(call: Call, arguments: Arguments) -> JsonObject:
    """Do what `action` asks for; without one, list."""
    match arguments.choice("action", _Action, _Action.LIST):
        case _Action.LIST:
            return await _list(call, arguments)
        case _Action.WAIT:
            return await _wait(call, arguments)
        case _Action.STEER:
            return await _steer(call, arguments)
        case _Action.KILL:
            return await _kill(call, arguments)
        case _Action.CANCEL:
            return await _cancel(call, arguments)


async def _children(call: Call) -> list[Row]:
    """The sessions that the requester spawned, the oldest first, each with the run it asked for last."""
    return (await call.sessions.list(children_of(call.requester)))[::-1]


async def _latest(call: Call) -> list[Row]:
    """The same sessions, each with its latest run, which says whether the session is busy."""
    parent = call.requester.session
    client = call.requester.client or None
    chosen = Filter(parent=parent, roots_only=parent is None, client=client)
    return (await call.sessions.list(chosen))[::-1]


async def _list(call: Call, arguments: Arguments) -> JsonObject:
    minutes = arguments.whole("recentMinutes", least=1) or _RECENT_MINUTES
    now = call.now()
    since = now - minutes * 60
    own = await call.find_requester()
    recent = [
        (number, row)
        for number, row in enumerate(await _children(call), start=1)
        if not row.run.status.is_over or (row.run.finished_at or 0) >= since
    ]
    offset = arguments.whole("offset") or 0
    # The live ones first, then the newest: they are shown if not all are.
    order = sorted(recent, key=lambda each: (each[1].run.status.is_over, -each[0]))
    shown = await _shown(call, order[offset:], now)
    every = [row for _, row in recent]
    answer = _listed(call, own, every, shown, offset)
    while len(shown) > 1 and len(orjson.dumps(answer)) > _MAX_BYTES:
        shown = shown[:-1]
        answer = _listed(call, own, every, shown, offset)
    return answer


def _listed(
    call: Call,
    own: Row | None,
    every: Sequence[Row],
    shown: Sequence[tuple[JsonObject, JsonObject]],
    offset: int,
) -> JsonObject:
    rows = [row for row, _ in shown]
    end = offset + len(rows)
    more: dict[str, Json] = {"hasMore": True, "nextOffset": end} if end < len(every) else {}
    active = [row for row in rows if row["status"] in _LIVE]
    return {
        "status": "ok",
        "action": "list",
        "requesterSessionKey": call.requester.name,
        "callerSessionKey": call.requester.name,
        "callerIsSubagent": own is not None and own.session.parent is not None,
        "total": len(every),
        "taskTotal": len(every),
        "tasks": [task for _, task in shown],
        "active": active,
        "recent": [row for row in rows if row not in active],
        **more,
        "text": _describe(every, rows),
    }


async def _shown(
    call: Call, chosen: Sequence[tuple[int, Row]], now: float
) -> list[tuple[JsonObject, JsonObject]]:
    """The first of these children, as row and as task, as many as one answer holds; at least one."""
    shown: list[tuple[JsonObject, JsonObject]] = []
    left = _MAX_BYTES
    for number, row in chosen:
        below = await _grandchildren(call, row)
        waits = call.waits_for(row)
        each = {**child_row(row, number, now, below), **waits}, {**task_row(row), **waits}
        left -= len(orjson.dumps(each))
        if left < 0 and shown:
            break
        shown.append(each)
    return shown


async def _grandchildren(call: Call, row: Row) -> list[Row]:
    """The children of a session that may have some."""
    if not row.session.agent.policy.spawns:
        return []
    return await call.sessions.list(Filter(parent=row.session.key))


def _describe(children: Sequence[Row], rows: Sequence[JsonObject]) -> str:
    """The list as text: how many have each status, then a line for each of the first."""
    if not children:
        return "no subagents"
    counts = Counter(STATUS_NAMES[row.run.status] for row in children)
    head = ", ".join(f"{count} {status}" for status, count in counts.items())
    lines = [
        f"{row['index']}. {row.get('label', row['agentId'])}: {row['status']}, {row['runtime']}"
        for row in rows[:_TEXT_ROWS]
    ]
    left = len(children) - len(lines)
    return "\n".join([head, *lines, *([f"and {left} more"] if left else [])])


async def _wait(call: Call, arguments: Arguments) -> JsonObject:
    seconds = arguments.whole("timeoutSeconds")
    until = arguments.choice("until", Until, Until.ALL)
    children = await _children(call)
    names = arguments.texts("taskIds", most=MAX_IDS) or arguments.texts("taskId", most=1)
    unavailable: list[Json] = []
    if names:
        rows: list[Row] = []
        for name in names:
            found = await find_task(call, children, name)
            if found is None:
                unavailable.append(name)
            else:
                rows.append(found)
    else:
        rows = [row for row in children if not row.run.status.is_over]
    wait = WAIT_SECONDS if seconds is None else seconds
    asked = [ChildRun.of(row) for row in {row.run.id: row for row in rows}.values()]
    waited = await wait_for(call, asked, until=until, seconds=wait)
    now = await call.sessions.rows_of([child.run for child in asked])
    ended = {str(each["runId"]): each for each in waited.completed}
    attention = [run for run, each in ended.items() if each["status"] != "done"]
    reason = "timeout" if waited.timed_out else "attention" if attention else "completed"
    if waited.end in NOTES:
        reason = waited.end.value
    if names and not rows:
        reason = "unavailable"
    return {
        "status": "ok",
        "action": "wait",
        "reason": reason,
        "tasks": [
            {**task_row(row), **call.waits_for(row), **_outcome(ended.get(row.run.id))}
            for row in now
        ],
        "completed": [*ended],
        "attention": attention,
        "unavailable": unavailable,
        **({"note": STILL_RUNNING} if waited.timed_out and waited.pending else {}),
    }


def _outcome(result: JsonObject | None) -> JsonObject:
    """What a task's row says of how it ended, beyond its status."""
    return {name: value for name, value in (result or {}).items() if name not in _IN_TASK}


async def _steer(call: Call, arguments: Arguments) -> JsonObject:
    message = arguments.text("message")
    target = read_target(arguments)
    row = await find_target(call, await _latest(call), target)
    if not message:
        raise Refusal("message required")
    try:
        key = call.requester.message_key
        receipt = await call.sessions.steer(row.session.key, message, mode=SteerMode.NEXT, key=key)
    except RunIsOver:
        instead = "sessions_send starts its next run"
        if row.session.killed:
            instead = "it was killed and starts none: spawn a new session"
        raise Refusal(f"{row.session.label} has ended; {instead}", target=row.session.key) from None
    return {
        "status": "accepted",
        "action": "steer",
        "target": target,
        "runId": receipt.run_id,
        "sessionKey": row.session.key,
        "sessionId": row.session.key.rsplit(":", 1)[-1],
        "mode": "steer",
        **label_of(row.session),
        "text": f"steered {row.session.label}.",
    }


async def _kill(call: Call, arguments: Arguments) -> JsonObject:
    target = read_target(arguments)
    children = await _latest(call)
    if target == ALL and not has_name(children, ALL):
        return await _kill_all(call, children)
    row = await find_target(call, children, target)
    killed = await call.sessions.kill(row.session.key)
    below = [run for run in killed.runs if run.session != row.session.key]
    label = row.session.label
    told = f'the one called "{label}"' if label == ALL else label
    return {
        "status": "ok",
        "action": "kill",
        "target": target,
        "runId": row.run.id,
        "sessionKey": row.session.key,
        **label_of(row.session),
        "cascadeKilled": len(below),
        "text": f"killed {told}." if killed.runs else f"{told} had ended.",
    }


async def _kill_all(call: Call, children: Sequence[Row]) -> JsonObject:
    live = [row for row in children if not row.run.status.is_over]
    for row in live:
        await call.sessions.kill(row.session.key)
    return {
        "status": "ok",
        "action": "kill",
        "target": ALL,
        "killed": len(live),
        "labels": [row.session.label for row in live],
        "text": f"killed {len(live)}.",
    }


async def _cancel(call: Call, arguments: Arguments) -> JsonObject:
    name = arguments.text("taskId") or arguments.text("target")
    if not name:
        raise Refusal("taskId required")
    row = await find_task(call, await _children(call), name)
    if row is None:
        raise Refusal("Task outside session tree.", status="forbidden", taskId=name)
    if row.run.status.is_over:
        raise Refusal(
            "Task is already terminal.",
            taskId=row.run.id,
            found=True,
            cancelled=False,
            reason="Task is already terminal.",
        )
    await call.sessions.kill(row.session.key)
    return {"status": "cancelled", "taskId": row.run.id, "found": True, "cancelled": True}
