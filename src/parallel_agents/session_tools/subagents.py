"""`subagents`: list, wait for, steer, kill and cancel the sessions that the requester spawned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

import orjson

from parallel_agents.core.event import SteerMode
from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter
from parallel_agents.errors import RunIsOver
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call
from parallel_agents.session_tools.results import STATUS_NAMES
from parallel_agents.session_tools.rows import child_row, label_of, task_row
from parallel_agents.session_tools.targets import (
    ALL,
    children,
    find_target,
    find_task,
    has_name,
    read_target,
)
from parallel_agents.session_tools.task_wait import (
    RECENT_MINUTES,
    nothing_spawned,
    wait_for_tasks,
)
from parallel_agents.session_tools.waiting import NEEDS_PERSON

_TEXT_ROWS = 20
_MAX_BYTES = 24 * 1024  # of one list, about 6,000 tokens
_LIVE = ("queued", "running")
_MOST_ROWS = 100  # more than a list of this size holds


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
            return await wait_for_tasks(call, arguments)
        case _Action.STEER:
            return await _steer(call, arguments)
        case _Action.KILL:
            return await _kill(call, arguments)
        case _Action.CANCEL:
            return await _cancel(call, arguments)


async def _latest(call: Call) -> list[Row]:
    """The same sessions, each with its latest run, which says whether the session is busy."""
    parent = call.requester.session
    client = call.requester.client or None
    chosen = Filter(parent=parent, roots_only=parent is None, client=client)
    return (await call.sessions.list(chosen))[::-1]


async def _list(call: Call, arguments: Arguments) -> JsonObject:
    minutes = arguments.whole("recentMinutes", least=1) or RECENT_MINUTES
    now = call.now()
    since = now - minutes * 60
    own = await call.find_requester()
    recent = [
        (number, row)
        for number, row in enumerate(await children(call), start=1)
        if not row.run.status.is_over or (row.run.finished_at or 0) >= since
    ]
    offset = arguments.whole("offset") or 0
    # The live ones first, then the newest: they are shown if not all are.
    order = sorted(recent, key=lambda each: (each[1].run.status.is_over, -each[0]))
    shown = await _shown(call, order[offset:], now)
    every = [row for _, row in recent]
    told = _describe(every) if every else await nothing_spawned(call)
    answer = _listed(call, own, told, len(every), shown, offset)
    while len(shown) > 1 and len(orjson.dumps(answer)) > _MAX_BYTES:
        shown = shown[:-1]
        answer = _listed(call, own, told, len(every), shown, offset)
    return answer


def _listed(
    call: Call,
    own: Row | None,
    told: str,
    total: int,
    shown: Sequence[tuple[JsonObject, JsonObject]],
    offset: int,
) -> JsonObject:
    rows = [row for row, _ in shown]
    end = offset + len(rows)
    more: dict[str, Json] = {"hasMore": True, "nextOffset": end} if end < total else {}
    if any("needs" in row for row in rows):
        more["note"] = NEEDS_PERSON
    active = [row for row in rows if row["status"] in _LIVE]
    return {
        "status": "ok",
        "action": "list",
        "requesterSessionKey": call.requester.name,
        "callerSessionKey": call.requester.name,
        "callerIsSubagent": own is not None and own.session.parent is not None,
        "total": total,
        "taskTotal": total,
        "tasks": [task for _, task in shown],
        "active": active,
        "recent": [row for row in rows if row not in active],
        **more,
        "text": _with_lines(told, rows, total),
    }


async def _shown(
    call: Call, chosen: Sequence[tuple[int, Row]], now: float
) -> list[tuple[JsonObject, JsonObject]]:
    """The first of these children, as row and as task, as many as one answer holds; at least one."""
    shown: list[tuple[JsonObject, JsonObject]] = []
    left = _MAX_BYTES
    chosen = chosen[:_MOST_ROWS]
    needs = await call.records.needs([row for _, row in chosen])
    given = await _given(call, [row for _, row in chosen])
    for number, row in chosen:
        below = await _grandchildren(call, row)
        more = {**call.waits_for(row), **needs.get(row.run.id, {})}
        spent, is_given = await call.records.spent(row.session.key), row.run.id in given
        each = (
            {**child_row(row, number, now, below, spent=spent, is_given=is_given), **more},
            {**task_row(row, is_given=is_given), **more},
        )
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


async def _given(call: Call, rows: Sequence[Row]) -> frozenset[RunId]:
    """Those of these runs that have ended, and whose results the requester was given."""
    return await call.reported([row.run.id for row in rows if row.run.status.is_over])


def _describe(rows: Sequence[Row]) -> str:
    """How many children have each status."""
    counts = Counter(STATUS_NAMES[row.run.status] for row in rows)
    return ", ".join(f"{count} {status}" for status, count in counts.items())


def _with_lines(told: str, rows: Sequence[JsonObject], total: int) -> str:
    """The list as text: how many there are, then a line for each of the first."""
    lines = [
        f"{row['index']}. {row.get('label', row['agentId'])}: {row['status']}, {row['runtime']}"
        + (f", {row['asks']}" if row.get("asks") else "")
        for row in rows[:_TEXT_ROWS]
    ]
    left = total - len(lines)
    return "\n".join([told, *lines, *([f"and {left} more"] if left else [])])


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
    latest = await _latest(call)
    if target == ALL and not has_name(latest, ALL):
        return await _kill_all(call, latest)
    row = await find_target(call, latest, target)
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


async def _kill_all(call: Call, latest: Sequence[Row]) -> JsonObject:
    """Kill what the requester spawned, if it is known what that is.

    Raises:
        Refusal: several callers have its name.
    """
    if call.requester.is_shared:
        raise Refusal(
            'target "all" is refused: what others spawned under the same name would end too. Name '
            f"the labels one by one, or {call.requester.face.to_be_known}; subagents lists them.",
            status="forbidden",
        )
    live = [row for row in latest if not row.run.status.is_over]
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
    name = arguments.name("taskId") or arguments.name("target")
    if not name:
        raise Refusal("taskId required")
    row = await find_task(call, await children(call), name)
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
