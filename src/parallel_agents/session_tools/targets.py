"""Targets: which session a call of `subagents` means by a name, a number or a word.

A whole name comes first, so that nothing that a session is called means another one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parallel_agents.core.ids import OUTSIDE, RunId
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.core.unicode import canonical
from parallel_agents.session_tools.arguments import Arguments, Refusal
from parallel_agents.session_tools.context import Call, Requester
from parallel_agents.sessions.names import is_called

ALL, _LAST = "all", "last"


def children_of(requester: Requester) -> Filter:
    """The sessions that the requester spawned, each with the run that it asked for last.

    Those of a person or a program are the roots, those of a client the roots that it spawned.
    """
    parent = requester.session
    return Filter(
        parent=parent,
        roots_only=parent is None,
        client=requester.client or None,
        asker=parent or OUTSIDE,
    )


async def children(call: Call) -> list[Row]:
    """The sessions that the requester spawned, the oldest first, each with the run it asked for last."""
    return (await call.sessions.list(children_of(call.requester)))[::-1]


def read_target(arguments: Arguments) -> str:
    """What the call names: a label, task name, key, run id, number in the list, or `last`.

    Raises:
        Refusal: nothing.
    """
    for name in ("target", "taskId", "sessionKey"):
        if target := arguments.name(name):
            return canonical(target)
    (target,) = arguments.texts("taskIds", most=1) or ("",)
    if not target:
        raise Refusal("target required")
    return canonical(target)


def has_name(rows: Sequence[Row], name: str) -> bool:
    """Whether one of these is called so."""
    return any(name in (row.session.label, row.session.options.task_name) for row in rows)


async def find_target(call: Call, rows: Sequence[Row], target: str) -> Row:
    """The session that is meant, with its latest run.

    Raises:
        Refusal: there is none, several begin so, or it is not the requester's to steer or end.
    """
    found = _match(rows, target)
    if not found and await _is_reached(call, target):
        return await call.find(target)
    if not found:
        raise Refusal(f"Unknown subagent target: {target}")
    return _the_one(found, target)


async def find_task(call: Call, rows: Sequence[Row], name: str) -> Row | None:
    """The run that a task id or another name means, of those that the requester asked for; else None.

    Raises:
        Refusal: several begin so, or it is not the requester's.
    """
    name = canonical(name)
    if found := _match(rows, name):
        return _the_one(found, name)
    if earlier := await call.sessions.list(replace(children_of(call.requester), run=RunId(name))):
        return earlier[0]
    return await call.find_run(name) if await _is_reached(call, name) else None


def _the_one(found: Sequence[Row], target: str) -> Row:
    if len(found) > 1:
        listed = ", ".join(f"{row.session.label} ({row.run.id})" for row in found[:5])
        raise Refusal(f"Ambiguous subagent target: {target} matches {listed}")
    return found[0]


async def _is_reached(call: Call, name: str) -> bool:
    """Whether the whole name of a session is outside of the list, where a model has no say.

    A client reaches what clients of earlier conversations spawned; the work of the person is refused
    in words when it is looked for. The start of a name is not enough to end something.
    """
    if call.requester.session is not None:
        return False
    if await call.sessions.list(Filter(run=RunId(name))):
        return True
    rows = await call.sessions.list(Filter(prefix=name, limit=50))
    return any(name == row.session.key or is_called(row, name) for row in rows)


def _match(rows: Sequence[Row], target: str) -> list[Row]:
    """The children that a target means: by a whole name, of several the newest; else by how labels begin."""
    called = [row for row in rows if has_name([row], target)]
    known = [row for row in rows if target in (row.session.key, row.run.id)]
    if whole := called[-1:] or known:
        return whole
    if target == _LAST:
        return list(rows[-1:])
    if target.isascii() and target.isdigit() and 1 <= int(target[:9]) <= len(rows):
        return [rows[int(target) - 1]]
    return [row for row in rows if row.session.label.startswith(target)]
