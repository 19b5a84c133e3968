"""Known plans: what a store has of sessions that are planned, and whether it would take them.

All of it is read, so that what only asks whether work would begin is answered as what begins it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, TypeAlias

from parallel_agents.core.ids import RunId, SessionKey, is_group_key, key_half
from parallel_agents.core.session import Session
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.work_differences import Work, work_differences
from parallel_agents.errors import Conflict, NotFound
from parallel_agents.stores.quotas import SpawnQuota
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.used_keys import (
    planned_conflict,
    planned_work,
    stored_conflict,
    stored_work,
)

Name: TypeAlias = tuple[str, str]  # the parent's key, empty for none, and the spawn key


class Asker(NamedTuple):
    """A session that asks for runs.

    Attributes:
        run: the run that asks: the one being executed, or else the session's latest.
        request: the run from outside that it goes back to; None if the asking run has ended, so
            that somebody outside asks on the session's behalf.
    """

    is_killed: bool
    paused_by: str
    run: RunId
    request: RunId | None


class KnownPlans(NamedTuple):
    """What the store has of some plans: their sessions, and the sessions that ask for them.

    Attributes:
        labels: the labels of the children of an asking run, read once for all plans.
    """

    sessions: dict[Name, SessionKey]
    askers: dict[SessionKey, Asker]
    labels: dict[RunId, set[str]]


def check_plans(rows: Rows, plans: Sequence[SessionPlan]) -> None:
    """Refuse what would not be spawned now.

    Raises:
        Conflict, NotFound, SpawnRefused: as a spawn.
    """
    find_known(rows, SpawnQuota(rows.database), plans)


def find_known(rows: Rows, quota: SpawnQuota, plans: Sequence[SessionPlan]) -> KnownPlans:
    """What the store already has of these plans; refuses all plans or none.

    Raises:
        Conflict: a key is already used for other work.
        NotFound: there is no such parent.
        SpawnRefused: the limits of a plan allow no more sessions.
    """
    known = KnownPlans({}, {}, {})
    begun = rows.of_runs([plan.run for plan in plans])
    planned = {plan.session.key for plan in plans}
    for plan in plans:
        parent = plan.session.parent
        if parent is not None and parent not in planned and parent not in known.askers:
            known.askers[parent] = asker_of(rows, parent)
    firsts: dict[Name, SessionPlan] = {}
    for plan in plans:
        name = name_of(plan.session)
        found = rows.database.one("session_by_spawn_key", name)
        first = firsts.setdefault(name, plan)
        if found is not None and found[1] != plan.digest:
            raise stored_conflict(rows, plan, SessionKey(found[0]))
        if found is None and first.digest != plan.digest:
            raise planned_conflict(plan, first)
        if found is not None:
            known.sessions[name] = SessionKey(found[0])
            continue
        if run := begun.get(plan.run):
            raise Conflict(
                f"there is a run {plan.run} in session {run.session.key}",
                why="its id was chosen for work that is done once",
                hint="ask for that run, or choose another key for other work",
            )
        check_run_key(rows, plan.run, planned_work(plan))
        quota.take(plan, request_of(plan, known))
    return known


def check_run_key(rows: Rows, run: RunId, work: Work) -> None:
    """Refuse a run under a key that another run has for other work.

    Raises:
        Conflict: there is one.
    """
    if not (half := key_half(run)):
        return
    if (other := rows.database.one("run_with_key", (half, f"{half}g"))) is not None:
        was = stored_work(rows, rows.of_run(RunId(other[0])))
        agent = work.agent or (was.agent if was else "")
        now = work._replace(agent=agent)
        raise Conflict(
            f"the run {other[0]} has the same key and other work",
            why="" if was is None else "; ".join(work_differences(was, now)),
            hint="choose another key, or ask for the same text and input again",
        )


def asker_of(rows: Rows, session: SessionKey) -> Asker:
    """A session as one that asks for runs.

    Raises:
        NotFound: there is no such session.
    """
    found = rows.database.one("asker", {"session": session})
    if found is None:
        raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
    is_killed, paused_by, run, request, is_live = found
    asked_for = RunId(request) if is_live else None
    return Asker(bool(is_killed), str(paused_by), RunId(run), asked_for)


def name_of(session: Session) -> Name:
    """What a session is known by among those of its parent."""
    return session.parent or "", session.spawn_key


def request_of(plan: SessionPlan, known: KnownPlans) -> RunId:
    """The run from outside that a planned one goes back to: its own at a root and in a team."""
    parent = plan.session.parent
    if parent is None or is_group_key(parent) or parent not in known.askers:
        return plan.run
    return known.askers[parent].request or plan.run
