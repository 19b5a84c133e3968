"""Rows: what a store returns, read from a database and decoded into values."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import suppress

from pydantic import ValidationError

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Amount, BudgetAccount
from parallel_agents.core.event import Body, Event, Finished
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.run import LIVE, Result, RunStatus
from parallel_agents.core.store import Attempt, BudgetAccountState, ChildRun, Filter, Row
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import NotFound
from parallel_agents.stores.budgets import budget_of
from parallel_agents.stores.codec import decode_agent, decode_body, row_from, spend_from
from parallel_agents.stores.database import Database, SqlRow, Value, as_array
from parallel_agents.stores.upcast import FORMAT, upcast_agent, upcast_event


class Rows:
    """The reads of one connection."""

    def __init__(self, database: Database) -> None:
        self.database = database
        # Definitions never change, so each is decoded once.
        self._agents: dict[str, Agent] = {}
        found = database.one("last_seq_of_format", (FORMAT - 1,))
        self._last_old_seq: int = 0 if found is None else found[0]

    def body(self, seq: int, stored: bytes) -> Body:
        """The body of the event with this number."""
        if seq > self._last_old_seq:
            with suppress(ValidationError):
                return decode_body(stored)
            # A process of an earlier version may still have written after the migration.
        return decode_body(upcast_event(stored))

    def _event(self, columns: SqlRow) -> Event:
        """An event from the columns of the query `events`."""
        seq, at, session, run, key, body = columns
        return Event(seq, at, SessionKey(session), RunId(run), key, self.body(seq, body))

    def _row(self, columns: SqlRow) -> Row:
        """A row from the columns of the query `session_rows`."""
        return row_from(columns, self._agent(columns[1]))

    def _agent(self, digest: str) -> Agent:
        if digest not in self._agents:
            found = self.database.one("agent", (digest,))
            assert found is not None  # it is written before the first session that names it
            body, form = found
            self._agents[digest] = decode_agent(body if form == FORMAT else upcast_agent(body))
        return self._agents[digest]

    def of_run(self, run: RunId) -> Row:
        """The run with its session.

        Raises:
            NotFound: there is no such run.
        """
        found = self.database.one("row_of_run", (run,))
        if found is None:
            raise _no_run(run)
        return self._row(found)

    def of_runs(self, runs: Sequence[RunId]) -> dict[RunId, Row]:
        """The given runs that exist, with their sessions."""
        found = self.database.all("rows_of_runs", (as_array(runs),))
        return {RunId(columns[10]): self._row(columns) for columns in found}

    def of_session(self, session: SessionKey) -> Row:
        """The session with its latest run.

        Raises:
            NotFound: there is no such session.
        """
        found = self.database.one("row_of_session", (session,))
        if found is None:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        return self._row(found)

    def rows(self, chosen: Filter) -> list[Row]:
        conditions = _conditions(chosen)
        values: Mapping[str, Value] = {
            "session": chosen.session,
            "run": chosen.run,
            "parent": chosen.parent,
            "agent": chosen.agent,
            "tree": chosen.tree,
            "owner": chosen.owner,
            "since": chosen.since,
            "prefix": chosen.prefix,
            "limit": chosen.limit,
        }
        return [self._row(found) for found in self.database.all("rows", values, where=conditions)]

    def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        conditions = ["after"]
        if session is not None:
            conditions.append("session")
        if tree is not None:
            conditions.append("tree")
        if kinds is not None:
            conditions.append("kinds")
        values: Mapping[str, Value] = {
            "after": after,
            "session": session,
            "tree": tree,
            "kinds": None if kinds is None else as_array(list(kinds)),
            "limit": limit,
        }
        found = self.database.all("events", values, where=conditions)
        return [self._event(columns) for columns in found]

    def events_of_sessions(self, sessions: Sequence[SessionKey]) -> dict[str, list[Event]]:
        """The events of each of the sessions, in order."""
        events: dict[str, list[Event]] = {session: [] for session in sessions}
        for columns in self.database.all("events_of_sessions", (as_array(sessions),)):
            events[columns[2]].append(self._event(columns))
        return events

    def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        found = self.database.all("child_runs", (parent,))
        return [ChildRun(key, RunId(run), RunStatus(status)) for key, run, status in found]

    def live_among(self, runs: Sequence[RunId]) -> list[RunId]:
        statuses: dict[str, str] = dict(self.database.all("statuses_of", (as_array(runs),)))
        for run in runs:
            if run not in statuses:
                raise _no_run(run)
        return [run for run in runs if statuses[run] in LIVE]

    def results(self, runs: Sequence[RunId]) -> list[Result | None]:
        asked = (as_array(runs),)
        rows = self.of_runs(runs)
        ends = {
            run: self.body(seq, body) for run, seq, body in self.database.all("finished_of", asked)
        }
        below = {row[0]: spend_from(row[1:]) for row in self.database.all("spend_below", asked)}
        for run in runs:
            if run not in rows:
                raise _no_run(run)
        return [_result(rows[run], ends.get(run), below.get(run, Spend())) for run in runs]

    def last_bodies(self, runs: Sequence[RunId]) -> dict[RunId, Body]:
        found = self.database.all("last_events_of", (as_array(runs),))
        return {RunId(run): self.body(seq, body) for run, seq, body in found}

    def last_steps(self, runs: Sequence[RunId]) -> dict[RunId, Body]:
        found = self.database.all("last_steps_of", (as_array(runs),))
        return {RunId(run): self.body(seq, body) for run, seq, body in found}

    def last_times(self, runs: Sequence[RunId]) -> dict[RunId, float]:
        found = self.database.all("last_times_of", (as_array(runs),))
        return {RunId(run): at for run, at in found}

    def attempts(self, runs: Sequence[RunId]) -> dict[RunId, list[Attempt]]:
        # Folded from the fields that count: decoding whole replies would take ten times as long.
        found: dict[RunId, list[Attempt]] = {}
        rows = self.database.all("attempts_of", (as_array(runs),))
        for run, first, next_model, cost, is_priced, *usage in rows:
            of_run = found.setdefault(RunId(run), [Attempt("", Spend())])
            model, spend = of_run[-1]
            if first is not None:
                of_run[-1] = Attempt(first, spend)
            elif next_model is not None:
                of_run.append(Attempt(next_model or model, Spend()))
            elif usage[0] is not None:
                reply = Spend(Usage(*usage), 1, cost or 0, int(not is_priced))
                of_run[-1] = Attempt(model, spend + reply)
        return found

    def accounts(self) -> list[BudgetAccountState]:
        return [
            BudgetAccountState(
                BudgetAccount(scope=scope, budget=budget_of(nanousd, tokens, on_limit)),
                Amount(*amounts[:2]),
                Amount(*amounts[2:]),
            )
            for scope, nanousd, tokens, on_limit, *amounts in self.database.all("accounts")
        ]

    def owners(self) -> list[Owner]:
        return [_owner(columns) for columns in self.database.all("owners")]


def _owner(columns: SqlRow) -> Owner:
    identity, host, pid, role, state, heartbeat_at, boot, birth, project = columns
    return Owner(
        id=OwnerId(identity),
        host=host,
        pid=pid,
        role=Role(role),
        state=OwnerState(state),
        heartbeat_at=heartbeat_at,
        boot=boot,
        birth=birth,
        project=project,
    )


def _conditions(chosen: Filter) -> list[str]:
    """The conditions of the query `rows` that correspond to a filter."""
    is_any_run = chosen.every_run or chosen.orphaned
    found = {
        "latest": not is_any_run and chosen.owner is None and chosen.run is None,
        "session": chosen.session is not None,
        "run": chosen.run is not None,
        "parent": chosen.parent is not None,
        "agent": chosen.agent is not None,
        "tree": chosen.tree is not None,
        "owner": chosen.owner is not None,
        "since": chosen.since is not None,
        "orphaned": chosen.orphaned,
        "roots": chosen.roots_only,
        "live": chosen.is_live is True,
        "ended": chosen.is_live is False,
        "prefix": chosen.prefix is not None,
    }
    return [name for name, is_wanted in found.items() if is_wanted]


def _no_run(run: RunId) -> NotFound:
    return NotFound(f"no run {run!r}", hint="`pagents list --all` shows them")


def _result(row: Row, finished: Body | None, below: Spend) -> Result | None:
    if not isinstance(finished, Finished):
        return None
    outcome = finished.outcome
    return Result(
        agent=row.session.agent.name,
        label=row.session.label,
        status=outcome.status,
        output=outcome.output,
        text=outcome.text,
        error=outcome.error,
        notices=outcome.notices,
        model=row.run.model,
        spend=row.run.spend,
        seconds=row.run.seconds or 0.0,
        attempts=row.run.attempts,
        session_key=row.session.key,
        run_id=row.run.id,
        score=outcome.score,
        spend_below=below,
    )
