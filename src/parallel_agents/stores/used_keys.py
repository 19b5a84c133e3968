"""Used keys: the refusal of a key that names other work, which says what of it is other."""

from __future__ import annotations

from parallel_agents.core.event import QUEUED_KEY, Queued
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.work_differences import Work, work_differences
from parallel_agents.errors import Conflict
from parallel_agents.stores.rows import Rows

_ANOTHER = "choose another key, or ask for the same work again"


def stored_conflict(rows: Rows, plan: SessionPlan, used_by: SessionKey) -> Conflict:
    """The error of a plan whose key a session has for other work.

    What another client's session does is not told.
    """
    key, used = plan.session.spawn_key, rows.of_spawn(used_by)
    if used.session.options.client != plan.session.options.client:
        return _conflict(key, "", _ANOTHER)
    hint = _ANOTHER
    if used.session.parent is None:
        name = used.session.name
        hint = f"`pagents resume {name}` continues it as it was begun; for this work, choose another key or id"
    work = stored_work(rows, used)
    return _conflict(key, "" if work is None else _why(work, plan), hint)


def planned_conflict(plan: SessionPlan, other: SessionPlan) -> Conflict:
    """The error of a plan whose key another plan of the same request has for other work."""
    hint = "give each its own key"
    return _conflict(plan.session.spawn_key, _why(planned_work(other), plan), hint)


def planned_work(plan: SessionPlan) -> Work:
    """What a plan is for."""
    return Work(plan.queued, plan.session.agent.name, plan.model)


def stored_work(rows: Rows, row: Row) -> Work | None:
    """What a run was asked for; None if that cannot be read."""
    event = rows.kept_event(row.session.key, row.run.id, QUEUED_KEY)
    if event is None or not isinstance(event.body, Queued):
        return None
    return Work(event.body, row.session.agent.name, row.run.model)


def _why(was: Work, plan: SessionPlan) -> str:
    return "; ".join(work_differences(was, planned_work(plan)))


def _conflict(key: str, why: str, hint: str) -> Conflict:
    return Conflict(f"the key {key!r} is already used for different work", why=why, hint=hint)
