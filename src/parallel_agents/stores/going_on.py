"""Going on: work that ended over budget continues in a further run of its session, as does a flow that failed.

What is done stays done, and what was said stays in the transcript: only the rest is paid for. A map that its
process left, and that is asked for with other options, continues with these.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import dropwhile

from parallel_agents.core import ended_by
from parallel_agents.core.budget import NO_BUDGET
from parallel_agents.core.event import Queued
from parallel_agents.core.going_on import has_next, is_closed, is_executed
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, make_run_id
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.stores.codec import Undecodable
from parallel_agents.stores.database import as_array
from parallel_agents.stores.journal_runs import JournalRuns
from parallel_agents.stores.journal_sessions import JournalSessions
from parallel_agents.stores.tables import Tables

_GO_ON = "\n\nGo on where you stopped: the budget was used up, and more may be spent now."


class GoingOn:
    """The change that lets work continue; it is part of its caller's transaction."""

    def __init__(self, tables: Tables, sessions: JournalSessions, runs: JournalRuns) -> None:
        self._tables = tables
        self._sessions = sessions
        self._runs = runs

    def go_on(
        self,
        session: SessionKey,
        owner: OwnerId | None,
        *,
        request: Queued | None = None,
        since: RunId | None = None,
    ) -> list[Row]:
        """The current runs of a session: first its own, then those that its team's tasks have anew."""
        row = self._tables.rows.of_session(session)
        if row.run.kind is RunnerKind.TEAM:
            return self._team(row, owner)
        if row.run.kind is RunnerKind.FLOW:
            if is_closed(row):
                return [row]
            is_next = has_next(row, request.flow if request else None) or self._is_replaced(
                row, request
            )
            return [self._next(row, owner, row.session.parent, request) if is_next else row]
        return [self._agent(row, owner, asker=row.session.parent, since=since)]

    def _is_replaced(self, flow: Row, request: Queued | None) -> bool:
        """Whether a run that nobody executes was ended because other options are asked for now.

        What it had only planned ends with it, so that the next run plans it anew; what has begun
        keeps its options.
        """
        asked = request.flow if request else None
        if asked is None or not asked.is_rerun:
            return False
        if flow.run.status.is_over or is_executed(flow):
            return False
        was = self._queued(flow.run.id).flow
        if was is None or replace(was, budget=NO_BUDGET) == replace(asked, budget=NO_BUDGET):
            return False
        self._sessions.end_unbegun(flow.run, by=ended_by.OTHER_OPTIONS)
        self._runs.end_early(
            flow.run.id,
            flow.session.key,
            RunStatus.KILLED,
            by=ended_by.OTHER_OPTIONS,
            keeps_session=True,
        )
        return True

    def _team(self, team: Row, owner: OwnerId | None) -> list[Row]:
        if is_closed(team) or is_executed(team) or team.run.status is RunStatus.DONE:
            return [team]
        latest = {c.session: c for c in self._tables.rows.child_runs(team.session.key)}
        short = [c.session for c in latest.values() if c.status is RunStatus.OVER_BUDGET]
        rows = [self._tables.rows.of_session(child) for child in short]
        again = [self._agent(row, owner, asker=team.session.key) for row in rows]
        begun = [row for row in again if not row.run.status.is_over]
        is_next = bool(begun) and team.run.status.is_over
        return [self._next(team, owner, None) if is_next else team, *begun]

    def _agent(
        self,
        latest: Row,
        owner: OwnerId | None,
        *,
        asker: SessionKey | None,
        since: RunId | None = None,
    ) -> Row:
        """The run that is the latest state of a session's work, or one in which it continues.

        The work is what the session was spawned for, or what the run `since` began.
        """
        session = latest.session
        runs = self._tables.database.all("runs_of_session", (session.key,))
        for run, status in dropwhile(lambda each: since not in (None, each[0]), runs):
            if status != RunStatus.OVER_BUDGET:
                return self._tables.rows.of_run(RunId(run))
        return latest if is_closed(latest) else self._next(latest, owner, asker, since=since)

    def _next(
        self,
        latest: Row,
        owner: OwnerId | None,
        asker: SessionKey | None,
        request: Queued | None = None,
        since: RunId | None = None,
    ) -> Row:
        session = latest.session.key
        if latest.run.kind is RunnerKind.FLOW:
            since = latest.run.id
        queued = request or self._queued(since or self._tables.rows.of_spawn(session).run.id)
        if latest.run.kind is RunnerKind.AGENT:
            task = queued.text.removesuffix(_GO_ON)
            text = f"{task}{_GO_ON}"  # judges read the whole task there
            queued = replace(queued, text=text, context=(), taken=(), forked_from=None, kept=())
        run = self._sessions.send(session, make_run_id(), queued, owner=owner, sender=asker)
        self._tables.dead_letters.note_retry(latest.run.id, session)
        return replace(latest, run=run, owner_state=None)

    def _queued(self, run: RunId) -> Queued:
        rows = self._tables.rows
        stored = self._tables.database.all("asked_and_ended", (as_array([run]),))
        for seq, body in stored:
            queued = rows.body(seq, body)
            if isinstance(queued, Queued):
                return queued
        raise Undecodable("the task of a run cannot be read")
