"""Journal of sessions: spawning, sending and killing.

A change refuses before it writes, so a refused change leaves its transaction's others as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from parallel_agents.core import ended_by
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import BudgetAccount, account_of
from parallel_agents.core.event import QUEUED_KEY, Entry, Queued
from parallel_agents.core.forking import files_of
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.notification import Notify
from parallel_agents.core.run import LIVE, Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Killed, SessionPlan, SpawnOutcome
from parallel_agents.core.work_differences import Work
from parallel_agents.errors import NotFound
from parallel_agents.stores.artifacts import note_files
from parallel_agents.stores.closed import check_takes_runs
from parallel_agents.stores.codec import (
    Encoded,
    Undecodable,
    decode_options,
    encode_agent,
    encode_options,
)
from parallel_agents.stores.event_log import Draft
from parallel_agents.stores.journal_runs import JournalRuns
from parallel_agents.stores.known_plans import (
    Asker,
    KnownPlans,
    asker_of,
    check_run_key,
    find_known,
    name_of,
    request_of,
)
from parallel_agents.stores.projection import title_of
from parallel_agents.stores.questions import set_budget
from parallel_agents.stores.tables import Tables
from parallel_agents.stores.upcast import FORMAT

_MAX_ENCODINGS = 256


class JournalSessions:
    """The changes of sessions; each is part of its caller's transaction."""

    def __init__(self, tables: Tables, runs: JournalRuns) -> None:
        self._tables = tables
        self._runs = runs
        self._encoded: dict[int, tuple[Agent, Encoded]] = {}

    def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        known = find_known(self._tables.rows, self._tables.quota, plans)
        return [self._spawn(plan, known) for plan in plans]

    def _spawn(self, plan: SessionPlan, known: KnownPlans) -> SpawnOutcome:
        session, name = plan.session, name_of(plan.session)
        if name in known.sessions:
            row = self._tables.rows.of_spawn(known.sessions[name])
            account = BudgetAccount(scope=account_of(row.session.key), budget=plan.budget)
            # The one that was asked for last holds.
            is_other = plan.budget.is_bound and set_budget(self._tables, account)
            return SpawnOutcome(row.session, row.run, is_new=False, has_new_budget=is_other)
        known.sessions[name] = session.key  # the same key again in these plans means this session
        asker = known.askers.get(session.parent) if session.parent else None
        request = request_of(plan, known)
        killed = session.killed or (asker is not None and asker.is_killed)
        paused_by = session.paused_by if asker is None else asker.paused_by
        known.askers[session.key] = Asker(killed, paused_by, plan.run, request)
        if asker is not None and request != plan.run:
            session = self._with_own_label(session, asker.run, known)
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
                paused_by,
            ),
        )
        if plan.budget.is_bound:
            self._tables.accounts.open(
                [BudgetAccount(scope=account_of(session.key), budget=plan.budget)]
            )
        asked_by = None if asker is None else asker.run
        run = self._put_run(_first_run(plan, now), plan.queued, asked_by, request)
        note_files(self._tables, files_of(plan.queued), session.root)
        if request != plan.run:
            self._tables.database.run("note_spawned", (request,))
        if plan.retries is not None:
            self._tables.dead_letters.note_retry(plan.retries, session.key)
        if killed:
            self._runs.end_early(plan.run, session.key, RunStatus.KILLED, by=ended_by.PARENT)
            run = self._tables.rows.of_run(plan.run).run
        session = replace(session, killed=killed, paused_by=paused_by, created_at=now)
        return SpawnOutcome(session, run, is_new=True)

    def _with_own_label(self, session: Session, asker: RunId, known: KnownPlans) -> Session:
        """The session with a label that no other child of the asking run has.

        A label that somebody chose becomes `LABEL-2` and so on; without one, all children of an
        agent are called by its name.
        """
        label = session.label
        if label == session.agent.name or session.options.is_service:
            return session
        if asker not in known.labels:
            found = self._tables.database.all("labels_asked_by", (asker,))
            known.labels[asker] = {label for (label,) in found}
        taken = known.labels[asker]
        number = 2
        while label in taken:
            label = f"{session.label}-{number}"
            number += 1
        taken.add(label)
        return session if label == session.label else replace(session, label=label)

    def send(
        self,
        session: SessionKey,
        run: RunId,
        queued: Queued,
        *,
        owner: OwnerId | None,
        sender: SessionKey | None = None,
        notify: Notify | None = None,
        model: str = "",
    ) -> Run:
        if known := self._tables.rows.of_runs([run]).get(run):
            return known.run  # its caller was cancelled, or has died, before it heard so
        check_run_key(self._tables.rows, run, Work(queued))
        latest = self._tables.rows.of_session(session)
        check_takes_runs(latest)
        following = Run(
            id=run,
            session=session,
            number=latest.run.number + 1,
            kind=latest.run.kind,
            status=RunStatus.QUEUED,
            title=title_of(queued.text),
            model=model or latest.run.model,
            priority=latest.run.priority,
            owner=owner,
            created_at=self._tables.now(),
        )
        asker = None if sender is None else asker_of(self._tables.rows, sender)
        asked_by = None if asker is None else asker.run
        request = run if asker is None else asker.request or run
        note_files(self._tables, queued.files, latest.session.root)
        if notify is not None:
            self._tables.wishes.put(session, notify)
        return self._put_run(following, queued, asked_by, request)

    def _put_run(self, run: Run, queued: Queued, asked_by: RunId | None, request: RunId) -> Run:
        columns = (run.id, run.session, run.number, run.kind, run.title, run.model, run.priority)
        lineage = (asked_by, request)
        self._tables.database.run("put_run", (*columns, run.owner, run.created_at, *lineage))
        self._tables.log.write_new([Draft(run.id, run.session, Entry(QUEUED_KEY, queued))])
        return run

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
        keeps_session: bool = False,
    ) -> Killed:
        keys = [key for (key,) in self._tables.database.all("subtree", (session,))]
        runs = [
            (key, *found)
            for key in keys
            for found in self._tables.database.all("runs_of_session", (key,))
        ]
        if not runs:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        live = [(key, run) for key, run, run_status in runs if run_status in LIVE]
        killed = Killed(
            [self._tables.rows.of_run(run).run for _, run in live], len(runs) - len(live)
        )
        # Where all has ended nothing is killed, so the sessions can still be sent messages.
        if dry_run or not live:
            return killed
        kept = session if keeps_session else None
        for key in keys:
            if key != kept:
                self._tables.database.run("mark_killed", (key,))
        for key, run in live:
            self._runs.end_early(run, key, status, by=by, keeps_session=key == kept)
        return killed

    def end_unbegun(self, parent: Run, *, by: str) -> list[RunId]:
        self._runs.check_fence(parent.id, parent.epoch)
        ended: list[RunId] = []
        for key, run in self._tables.database.all("unbegun", (parent.session,)):
            self._tables.database.run("mark_killed", (key,))
            self._runs.end_early(RunId(run), SessionKey(key), RunStatus.KILLED, by=by)
            ended.append(RunId(run))
        return ended

    def end_children(self, parent: Run, *, by: str, status: RunStatus) -> list[RunId]:
        self._runs.check_fence(parent.id, parent.epoch)
        ended: list[RunId] = []
        for key, options in self._tables.database.all("live_children", (parent.session,)):
            if not _outlives_parent(options):
                killed = self.kill(SessionKey(key), by=by, status=status)
                ended.extend(run.id for run in killed.runs)
        return ended


def _outlives_parent(options: str) -> bool:
    try:
        return decode_options(options).outlives_parent
    except Undecodable:
        return False


def _first_run(plan: SessionPlan, now: float) -> Run:
    return Run(
        id=plan.run,
        session=plan.session.key,
        number=1,
        kind=plan.kind,
        status=RunStatus.QUEUED,
        title=title_of(plan.queued.text),
        model=plan.model,
        priority=plan.priority,
        owner=plan.owner,
        created_at=now,
    )
