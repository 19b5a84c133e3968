"""Journal of sessions: spawning, sending and killing.

A change refuses before it writes, so a refused change leaves its transaction's others as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TypeAlias

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import BudgetAccount
from parallel_agents.core.event import QUEUED_KEY, Entry, Queued
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import LIVE, Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Killed, SessionPlan, SpawnOutcome
from parallel_agents.errors import Conflict, NotFound, RunIsOver
from parallel_agents.stores.budgets import scope_of
from parallel_agents.stores.codec import (
    Encoded,
    Undecodable,
    decode_options,
    encode_agent,
    encode_options,
)
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.journal_runs import JournalRuns
from parallel_agents.stores.projection import title_of
from parallel_agents.stores.tables import Tables
from parallel_agents.stores.upcast import FORMAT

_MAX_ENCODINGS = 256

_Name: TypeAlias = tuple[str, str]  # the parent's key, empty for none, and the spawn key


class JournalSessions:
    """The changes of sessions; each is part of its caller's transaction."""

    def __init__(self, tables: Tables, runs: JournalRuns) -> None:
        self._tables = tables
        self._runs = runs
        self._encoded: dict[int, tuple[Agent, Encoded]] = {}

    def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        known = self._find_known(plans)
        return [self._spawn(plan, known) for plan in plans]

    def check(self, plans: Sequence[SessionPlan]) -> None:
        self._find_known(plans)

    def _find_known(self, plans: Sequence[SessionPlan]) -> dict[_Name, SessionKey]:
        """The sessions that the store already has of these plans; refuses all plans or none."""
        known: dict[_Name, SessionKey] = {}
        parents = {plan.session.parent for plan in plans} - {plan.session.key for plan in plans}
        for parent in parents:
            self._is_killed(parent)
        digests: dict[_Name, str] = {}
        for plan in plans:
            name = _name(plan.session)
            found = self._tables.database.one("session_by_spawn_key", name)
            digest = digests.setdefault(name, found[1] if found else plan.digest)
            if digest != plan.digest:
                raise Conflict(
                    f"the key {plan.session.spawn_key!r} is already used for different work",
                    hint="choose another key or id, or ask for the same work again",
                )
            if found is None:
                self._tables.quota.take(plan)
            else:
                known[name] = SessionKey(found[0])
        return known

    def _spawn(self, plan: SessionPlan, known: dict[_Name, SessionKey]) -> SpawnOutcome:
        session, name = plan.session, _name(plan.session)
        if name in known:
            row = self._tables.rows.of_session(known[name])
            return SpawnOutcome(row.session, row.run, is_new=False)
        known[name] = session.key  # the same key again in these plans means this session
        killed = session.killed or self._is_killed(session.parent)
        now = self._tables.now()
        self._tables.database.run(
            "put_session",
            (
                session.key,
                self._put_agent(session.agent),
                session.label,
                *name,
                plan.digest,
                session.root,
                session.depth,
                killed,
                now,
                encode_options(session.options),
            ),
        )
        if plan.budget.is_bound:
            self._tables.accounts.open(
                [BudgetAccount(scope=scope_of(session.key), budget=plan.budget)]
            )
        run = self._put_run(_first_run(plan, now), plan.queued)
        if plan.retries is not None:
            self._tables.dead_letters.note_retry(plan.retries, session.key)
        if killed:
            self._runs.end_early(plan.run, session.key, RunStatus.KILLED, by="its parent's end")
            run = self._tables.rows.of_run(plan.run).run
        return SpawnOutcome(replace(session, killed=killed, created_at=now), run, is_new=True)

    def send(
        self, session: SessionKey, run: RunId, queued: Queued, *, owner: OwnerId | None
    ) -> Run:
        latest = self._tables.rows.of_session(session)
        if latest.session.killed:
            raise RunIsOver(f"session {session} was killed", hint="spawn a new one")
        if latest.fault:
            raise RunIsOver(
                f"the record of session {session} cannot be read",
                why=latest.fault,
                hint="spawn a new one",
            )
        following = Run(
            id=run,
            session=session,
            number=latest.run.number + 1,
            kind=latest.run.kind,
            status=RunStatus.QUEUED,
            title=title_of(queued),
            model=latest.run.model,
            priority=latest.run.priority,
            owner=owner,
            created_at=self._tables.now(),
        )
        return self._put_run(following, queued)

    def _put_run(self, run: Run, queued: Queued) -> Run:
        columns = (run.id, run.session, run.number, run.kind, run.title, run.model, run.priority)
        self._tables.database.run("put_run", (*columns, run.owner, run.created_at))
        self._tables.log.write_new([Draft(run.id, run.session, Entry(QUEUED_KEY, queued))])
        return run

    def _is_killed(self, session: SessionKey | None) -> bool:
        if session is None:
            return False
        found = self._tables.database.one("session_state", (session,))
        if found is None:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        return bool(found[0])

    def _put_agent(self, agent: Agent) -> str:
        cached = self._encoded.get(id(agent))
        if cached is None or cached[0] is not agent:
            if len(self._encoded) > _MAX_ENCODINGS:
                self._encoded.clear()
            cached = self._encoded[id(agent)] = (agent, encode_agent(agent))
        self._tables.database.run("put_agent", (*cached[1], FORMAT))
        return cached[1].digest

    def kill(
        self,
        session: SessionKey,
        *,
        by: str,
        status: RunStatus = RunStatus.KILLED,
        dry_run: bool = False,
    ) -> Killed:
        ended: list[Run] = []
        already_over = 0
        for (key,) in self._tables.database.all("subtree", (session,)):
            if not dry_run:
                self._tables.database.run("mark_killed", (key,))
            for run, run_status in self._tables.database.all("runs_of_session", (key,)):
                if run_status not in LIVE:
                    already_over += 1
                    continue
                ended.append(self._tables.rows.of_run(run).run)
                if not dry_run:
                    self._runs.end_early(run, key, status, by=by)
        if not ended and not already_over:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        return Killed(ended, already_over)

    def end_unbegun(self, parent: SessionKey, *, by: str) -> list[RunId]:
        ended: list[RunId] = []
        for key, run in self._tables.database.all("unbegun", (parent,)):
            self._tables.database.run("mark_killed", (key,))
            self._runs.end_early(RunId(run), SessionKey(key), RunStatus.KILLED, by=by)
            ended.append(RunId(run))
        return ended

    def end_children(self, parent: SessionKey, *, by: str, status: RunStatus) -> list[RunId]:
        ended: list[RunId] = []
        for key, options in self._tables.database.all("live_children", (parent,)):
            if not _outlives_parent(options):
                killed = self.kill(SessionKey(key), by=by, status=status)
                ended.extend(run.id for run in killed.runs)
        return ended


def _outlives_parent(options: str) -> bool:
    try:
        return decode_options(options).outlives_parent
    except Undecodable:
        return False


def _name(session: Session) -> _Name:
    return session.parent or "", session.spawn_key


def _first_run(plan: SessionPlan, now: float) -> Run:
    return Run(
        id=plan.run,
        session=plan.session.key,
        number=1,
        kind=plan.kind,
        status=RunStatus.QUEUED,
        title=title_of(plan.queued),
        model=plan.model,
        priority=plan.priority,
        owner=plan.owner,
        created_at=now,
    )
