"""`subagents`: list, wait for, steer, kill and cancel the sessions that the requester spawned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from enum import StrEnum

from parallel_agents.core.event import SteerMode
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.store import Filter, Row
from parallel_agents.core.verbs import Until
from parallel_agents.errors import RunIsOver
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Backing, Requester
from parallel_agents.session_tools.rows import child_row, task_row
from parallel_agents.session_tools.wait import join

_RECENT_MINUTES = 30
_WAIT_SECONDS = 30
_MOST_IDS = 1000
_TEXT_ROWS = 20


class _Action(StrEnum):
    LIST = "list"
    WAIT = "wait"
    STEER = "steer"
    KILL = "kill"
    CANCEL = "cancel"


async def manage(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    """Do what `action` says; without one, list."""
    match arguments.choice("action", _Action, _Action.LIST):
        case _Action.LIST:
            return await _list(backing, requester, arguments)
        case _Action.WAIT:
            return await _wait(backing, requester, arguments)
        case _Action.STEER:
            return await _steer(backing, requester, arguments)
        case _Action.KILL:
            return await _kill(backing, requester, arguments)
        case _Action.CANCEL:
            return await _cancel(backing, requester, arguments)


async def _children(
    backing: Backing, requester: Requester, *, run: RunId | None = None
) -> list[Row]:
    """What the requester spawned, the oldest first; who is no session spawned the roots.

    With a `run` the one child whose run that is, or was before it went on.
    """
    is_root = requester.session is None
    chosen = Filter(parent=requester.session, roots_only=is_root, run=run)
    return (await backing.sessions.list(chosen))[::-1]


async def _list(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    minutes = arguments.whole("recentMinutes", least=1) or _RECENT_MINUTES
    since, now = backing.now() - minutes * 60, backing.now()
    children = await _children(backing, requester)
    shown = [
        (number, row)
        for number, row in enumerate(children, start=1)
        if not row.run.status.is_over or (row.run.finished_at or 0) >= since
    ]
    below = await _below(backing, [row for _, row in shown])
    rows = [child_row(row, number, now, below.get(row.session.key, ())) for number, row in shown]
    active = [r for r, (_, row) in zip(rows, shown, strict=True) if not row.run.status.is_over]
    return {
        "status": "ok",
        "action": "list",
        "requesterSessionKey": requester.name,
        "callerSessionKey": requester.name,
        "callerIsSubagent": bool((own := await backing.row_of(requester)) and own.session.parent),
        "total": len(rows),
        "taskTotal": len(rows),
        "tasks": [task_row(row) for _, row in shown],
        "active": active,
        "recent": [r for r in rows if r not in active],
        "text": _words(shown, rows),
    }


async def _below(backing: Backing, rows: Sequence[Row]) -> dict[SessionKey, list[Row]]:
    """The children of each session that has any."""
    found: dict[SessionKey, list[Row]] = {}
    for row in rows:
        if row.session.agent.policy.spawns:
            found[row.session.key] = await backing.sessions.list(Filter(parent=row.session.key))
    return found


def _words(shown: Sequence[tuple[int, Row]], rows: Sequence[JsonObject]) -> str:
    """The list for a reader: how many are how, then a line for each of the first."""
    if not shown:
        return "no subagents"
    counts = Counter(str(row["status"]) for row in rows)
    head = ", ".join(f"{count} {status}" for status, count in counts.items())
    lines = [
        f"{row['index']}. {row['label']}: {row['status']}, {row['runtime']}"
        for row in rows[:_TEXT_ROWS]
    ]
    more = [f"and {len(rows) - _TEXT_ROWS} more"] if len(rows) > _TEXT_ROWS else []
    return "\n".join([head, *lines, *more])


async def _wait(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    seconds = arguments.whole("timeoutSeconds")
    until = arguments.choice("until", Until, Until.ALL)
    children = await _children(backing, requester)
    names = arguments.texts("taskIds", most=_MOST_IDS) or arguments.texts("taskId", most=1)
    unavailable: list[Json] = []
    if names:
        rows: list[Row] = []
        for name in names:
            found = _match(children, name)
            found = found or await _children(backing, requester, run=RunId(name))
            rows += found
            if not found:
                unavailable.append(name)
    else:
        rows = [row for row in children if not row.run.status.is_over]
    wait = _WAIT_SECONDS if seconds is None else seconds
    told = await join(backing, requester, rows, until=until, seconds=wait)
    attention = [c for c in told.completed if isinstance(c, dict) and c.get("status") != "done"]
    reason = "timeout" if told.is_late else "attention" if attention else "completed"
    if names and not rows:
        reason = "unavailable"
    return {
        "status": "ok",
        "action": "wait",
        "reason": reason,
        "tasks": [*told.completed, *told.pending],
        "completed": told.completed,
        "attention": attention,
        "unavailable": unavailable,
    }


async def _steer(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    message = arguments.text("message")
    row = _one(await _children(backing, requester), _target(arguments))
    if not message:
        raise Refusal("message required")
    try:
        receipt = await backing.sessions.steer(row.session.key, message, mode=SteerMode.NEXT)
    except RunIsOver:
        raise Refusal(
            f"{row.session.label} is over; sessions_send starts its next run",
            target=row.session.key,
        ) from None
    return {
        "status": "accepted",
        "action": "steer",
        "target": _target(arguments),
        "runId": receipt.run_id,
        "sessionKey": row.session.key,
        "sessionId": row.session.key.rsplit(":", 1)[-1],
        "mode": "steer",
        "label": row.session.label,
        "text": f"steered {row.session.label}.",
    }


async def _kill(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    target = _target(arguments)
    children = await _children(backing, requester)
    if target == "all":
        live = [row for row in children if not row.run.status.is_over]
        for row in live:
            await backing.sessions.kill(row.session.key)
        labels = [row.session.label for row in live]
        text = f"killed {len(live)}."
        return {
            "status": "ok",
            "action": "kill",
            "target": target,
            "killed": len(live),
            "labels": labels,
            "text": text,
        }
    row = _one(children, target)
    killed = await backing.sessions.kill(row.session.key)
    below = [run for run in killed.runs if run.session != row.session.key]
    return {
        "status": "ok",
        "action": "kill",
        "target": target,
        "runId": row.run.id,
        "sessionKey": row.session.key,
        "label": row.session.label,
        "cascadeKilled": len(below),
        "text": f"killed {row.session.label}." if killed.runs else f"{row.session.label} was over.",
    }


async def _cancel(backing: Backing, requester: Requester, arguments: Arguments) -> JsonObject:
    identity = arguments.text("taskId") or arguments.text("target")
    if not identity:
        raise Refusal("taskId required")
    found = _match(await _children(backing, requester), identity)
    found = found or await _children(backing, requester, run=RunId(identity))
    if not found:
        raise Refusal("Task outside session tree.", status="forbidden", taskId=identity)
    row = found[0]
    if row.run.status.is_over:
        raise Refusal(
            "Task is already terminal.",
            taskId=row.run.id,
            found=True,
            cancelled=False,
            reason="Task is already terminal.",
        )
    await backing.sessions.kill(row.session.key)
    return {"status": "cancelled", "taskId": row.run.id, "found": True, "cancelled": True}


def _target(arguments: Arguments) -> str:
    """Which one, by number, label, task name, key, run id, or `last`."""
    number = arguments.raw("target")
    target = str(number) if isinstance(number, int) else arguments.text("target")
    target = target or arguments.text("taskId") or arguments.text("sessionKey")
    if not target:
        raise Refusal("target required")
    return target


def _one(children: Sequence[Row], target: str) -> Row:
    found = _match(children, target)
    if not found:
        raise Refusal(f"Unknown subagent target: {target}")
    if len(found) > 1:
        listed = ", ".join(f"{row.session.label} ({row.run.id})" for row in found[:5])
        raise Refusal(f"Ambiguous subagent target: {target} is {listed}")
    return found[0]


def _match(children: Sequence[Row], target: str) -> list[Row]:
    """The children that a target means: a whole name before the start of a label."""
    if target == "last":
        return list(children[-1:])
    if target.isdigit() and 1 <= int(target) <= len(children):
        return [children[int(target) - 1]]
    whole = [
        row
        for row in children
        if target in (row.session.key, row.run.id, row.session.label, row.session.options.task_name)
    ]
    return whole or [row for row in children if row.session.label.startswith(target)]
