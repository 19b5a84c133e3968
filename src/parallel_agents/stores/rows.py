"""Rows: what a store returns, read from a database and decoded into values."""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache, partial
from typing import TypeVar

from parallel_agents.core.agent import Agent
from parallel_agents.core.artifact import Artifact
from parallel_agents.core.budget import Amount, BudgetAccount, BudgetAccountState
from parallel_agents.core.event import Body, Event
from parallel_agents.core.event_store import Mark, StoredEvent
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import LIVE, Result, RunStatus
from parallel_agents.core.store import Attempt, Filter
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import NotFound, PagentsError
from parallel_agents.stores.artifact_columns import artifact_from
from parallel_agents.stores.budgets import budget_of
from parallel_agents.stores.codec import Undecodable, decode_agent, decode_body, unreadable_body
from parallel_agents.stores.database import Database, SqlRow, Value, as_array
from parallel_agents.stores.ended_costs import EndedCosts
from parallel_agents.stores.event_pages import before_seq, event_conditions, event_values
from parallel_agents.stores.results import result_of
from parallel_agents.stores.root_count import RootCount
from parallel_agents.stores.row_columns import is_moment, row_from, stand_in, summed_spend
from parallel_agents.stores.row_conditions import conditions_of, values_of
from parallel_agents.stores.upcast import FORMAT, upcast_agent, upcast_event

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_OWNER_TYPES = (str, str, int, str, str, float, str, int, str)
_STATUSES: Mapping[object, RunStatus] = {status.value: status for status in RunStatus}

_AT_ONCE = 500  # results, whose rows have several kilobytes each, and are not kept
# Rows that are kept decoded, two kilobytes each, if their options are small.
_MOST_KEPT, _SMALL_OPTIONS = 2048, 2000

# Conditions that most of the newest rows meet: they are looked for from the newest on.
_BROAD = frozenset({"rows.latest", "rows.roots", "rows.ended", "rows.since"})
# Of a text nobody knows whether they do.
_TEXT = frozenset({"rows.text", "rows.texts", "rows.after"})


class Rows:
    """The reads of one connection.

    What cannot be read never raises: an event becomes `Unreadable`, a row gets a fault, and a
    record of another table is left out.
    """

    def __init__(self, database: Database) -> None:
        self.database = database
        # Definitions never change, so each is decoded once.
        self._agents: dict[object, Agent | Undecodable] = {}
        # A face reads the same rows again and again, and few of them have changed since.
        self._kept = lru_cache(maxsize=_MOST_KEPT)(self._row)
        self.ended_costs = EndedCosts()
        self.root_count = RootCount()
        self._last_old_seq = _last_old_seq(database)

    def body(self, seq: int, stored: bytes) -> Body:
        """The body of the event with this number, unreadable or not."""
        if seq > self._last_old_seq:
            with suppress(Undecodable):
                return decode_body(stored)
            # A process of an earlier version may still have written after the migration.
        try:
            return decode_body(upcast_event(stored))
        except Undecodable as fault:
            return unreadable_body(stored, fault)

    def event(self, columns: SqlRow) -> Event:
        """An event from the columns of the query `events`."""
        seq, at, session, run, key, body = columns
        if not (is_moment(at) and type(key) is str and type(session) is str and type(run) is str):
            fault = Undecodable("a column of it has a value that cannot be")
            unreadable = unreadable_body(body, fault)
            return Event(seq, 0.0, SessionKey(str(session)), RunId(str(run)), str(key), unreadable)
        return Event(seq, at, SessionKey(session), RunId(run), key, self.body(seq, body))

    def _listed(self, columns: SqlRow) -> Row:
        """A row of a list; it is decoded only if it has changed since it was listed last."""
        return self._kept(columns) if len(str(columns[9])) < _SMALL_OPTIONS else self._row(columns)

    def _row(self, columns: SqlRow) -> Row:
        """A row from the columns of the query `session_rows`."""
        return row_from(columns, self._agent(columns[1]))

    def _agent(self, digest: str) -> Agent | Undecodable:
        if digest not in self._agents:
            self._agents[digest] = self._read_agent(digest)
        return self._agents[digest]

    def _read_agent(self, digest: str) -> Agent | Undecodable:
        found = self.database.one("agent", (digest,))
        if found is None:
            return Undecodable("its agent's definition is missing")
        body, form = found
        try:
            return decode_agent(body if form == FORMAT else upcast_agent(body))
        except Undecodable as fault:
            return Undecodable(f"its agent's definition cannot be read: {fault}")

    def agent_name(self, digest: str, key: str) -> str:
        """The name in a definition; if that cannot be read, the one in a session's key."""
        agent = self._agent(digest)
        return stand_in(key).name if isinstance(agent, Undecodable) else agent.name

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
        return {RunId(columns[11]): self._row(columns) for columns in found}

    def rows_of(self, runs: Sequence[RunId]) -> list[Row]:
        found = self.of_runs(runs)
        for run in runs:
            if run not in found:
                raise _no_run(run)
        return [found[run] for run in runs]

    def of_session(self, session: SessionKey) -> Row:
        """The session with its latest run.

        Raises:
            NotFound: there is no such session.
        """
        found = self.database.one("row_of_session", (session,))
        if found is None:
            raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
        return self._row(found)

    def of_spawn(self, session: SessionKey) -> Row:
        """A session that exists, with the run that it was spawned with."""
        found = self.database.one("row_of_spawn", (session,))
        assert found is not None  # both are written in one transaction
        return self._row(found)

    def rows(self, chosen: Filter) -> list[Row]:
        values, conditions = values_of(chosen), conditions_of(chosen)
        if chosen.limit is None or not (_BROAD | _TEXT).issuperset(conditions):
            return self._all("rows", values, conditions)
        if _BROAD.issuperset(conditions):
            return self._all("newest_rows", values, conditions)
        if "rows.text" not in conditions:
            return self._all("rows", values, conditions)
        without = [name for name in conditions if name != "rows.text"]
        found = self._all("newest_rows", values, [*without, "rows.new"])
        return found if len(found) >= chosen.limit else self._all("text_rows", values, without)

    def _all(self, query: str, values: Mapping[str, Value], conditions: Sequence[str]) -> list[Row]:
        return [self._listed(found) for found in self.database.all(query, values, where=conditions)]

    def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        values = event_values(session, tree, kinds, limit) | {"after": after}
        conditions = ["events.after", *event_conditions(session, tree, kinds)]
        query = "events" if session is None and tree is None else "events_below"
        found = self.database.all(query, values, where=conditions)
        return [self.event(columns) for columns in found]

    def fold_events(
        self,
        fold: Callable[[Iterable[StoredEvent]], _T],
        *,
        tree: SessionKey,
        after: int,
        limit: int,
    ) -> _T:
        values = event_values(None, tree, None, limit) | {"after": after}
        conditions = ["events.after", *event_conditions(None, tree, None)]
        found = self.database.each("events_below", values, where=conditions)
        return fold(map(self._stored, found))

    def _stored(self, columns: SqlRow) -> StoredEvent:
        seq, at, session, _, _, body = columns
        is_plain = seq > self._last_old_seq and is_moment(at) and type(body) is bytes
        event = partial(self.event, columns)
        return StoredEvent(seq, at, session, body if is_plain else b"", event)

    def last_events(
        self,
        *,
        before: int | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int,
    ) -> list[Event]:
        values = event_values(None, tree, kinds, limit) | {"before": before_seq(before)}
        conditions = ["events.before", *event_conditions(None, tree, kinds)]
        query = "last_events" if tree is None else "last_events_below"
        found = self.database.all(query, values, where=conditions)
        return [self.event(columns) for columns in reversed(found)]

    def kept_event(self, session: SessionKey, run: str, key: str) -> Event | None:
        found = self.database.one("kept_event", {"session": session, "run": run, "key": key})
        return None if found is None else self.event(found)

    def count_events(self, *, before: int | None = None, tree: SessionKey | None = None) -> int:
        values: dict[str, Value] = {"before": before, "tree": tree}
        conditions = [] if before is None else ["events.before"]
        if tree is None:
            return self.database.all("count_all_events", values, where=conditions)[0][0]
        return self.database.all("count_events", values, where=[*conditions, "events.tree"])[0][0]

    def last_seq(self) -> int:
        return (self.database.one("last_seq") or (0,))[0]

    def mark(self, number: int | None = None) -> Mark | None:
        found = self.database.one("mark", (number,))
        return None if found is None else Mark(*found)

    def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        return _child_runs(self.database.all("child_runs", {"parent": parent}))

    def children_named(self, parent: SessionKey, keys: Sequence[str]) -> list[ChildRun]:
        values = {"parent": parent, "keys": as_array(keys)}
        return _child_runs(self.database.all("children_named", values))

    def live_among(self, runs: Sequence[RunId]) -> list[RunId]:
        statuses: dict[str, str] = dict(self.database.all("statuses_of", (as_array(runs),)))
        for run in runs:
            if run not in statuses:
                raise _no_run(run)
        return [run for run in runs if statuses[run] in LIVE]

    def results(self, runs: Sequence[RunId]) -> list[Result | None]:
        parts = [runs[at : at + _AT_ONCE] for at in range(0, len(runs), _AT_ONCE)]
        return [result for part in parts for result in self._results(part)]

    def _results(self, runs: Sequence[RunId]) -> list[Result | None]:
        asked = (as_array(runs),)
        rows = self.of_runs(runs)
        ends = {
            run: self.body(seq, body) for run, seq, body in self.database.all("finished_of", asked)
        }
        below = self.spend_below(runs)
        for run in runs:
            if run not in rows:
                raise _no_run(run)
        shared = self._artifacts(asked)
        none = Spend()
        return [
            result_of(rows[x], ends.get(x), below.get(x, none), shared.get(x, ())) for x in runs
        ]

    def spend_below(self, runs: Sequence[RunId]) -> dict[RunId, Spend]:
        found = self.database.all("spend_below", {"runs": as_array(runs)})
        return {RunId(run): summed_spend(sums) for run, *sums in found}

    def spent_in(self, sessions: Iterable[SessionKey]) -> dict[SessionKey, Spend]:
        asked = as_array(list(dict.fromkeys(sessions)))
        found = self.database.all("spent_in", {"sessions": asked})
        return {SessionKey(key): summed_spend(sums) for key, *sums in found}

    def _artifacts(self, runs: tuple[str]) -> dict[RunId, tuple[Artifact, ...]]:
        found = self.database.all("artifacts", {"runs": runs[0]}, where=("runs",))
        shared: dict[RunId, tuple[Artifact, ...]] = {}
        for record in readable("artifact", artifact_from, found):
            shared[record.run] = (*shared.get(record.run, ()), record.artifact)
        return shared

    def takers(self, runs: Sequence[RunId]) -> dict[RunId, OwnerId]:
        """The living processes that take up these runs, whose own processes have ended."""
        found = self.database.all("takers", (as_array(runs),))
        return {RunId(run): OwnerId(owner) for run, owner in found}

    def last_times(self, runs: Sequence[RunId]) -> dict[RunId, float]:
        found = self.database.all("last_times_of", (as_array(runs),))
        return {RunId(run): at for run, at in found if is_moment(at)}

    def attempts(self, runs: Sequence[RunId]) -> dict[RunId, list[Attempt]]:
        # Folded from the fields that count: decoding whole replies would take ten times as long.
        found: dict[RunId, list[Attempt]] = {}
        rows = self.database.all("attempts_of", (as_array(runs),))
        for run, first, next_model, kept, cost, is_priced, *usage in rows:
            of_run = found.setdefault(RunId(run), [Attempt("", Spend())])
            model, spend, _ = of_run[-1]
            if first is not None:
                of_run[-1] = Attempt(first, spend)
            elif next_model is not None:
                of_run[-1] = Attempt(model, spend, is_kept=bool(kept))
                of_run.append(Attempt(next_model or model, Spend()))
            elif usage[0] is not None:
                is_readable = _is_whole((*usage, cost or 0))
                reply = (
                    Spend(Usage(*usage), 1, cost or 0, int(not is_priced))
                    if is_readable
                    else Spend(calls=1, unpriced_calls=1)
                )
                of_run[-1] = Attempt(model, spend + reply)
        return found

    def accounts(self) -> list[BudgetAccountState]:
        return readable("budget account", account_from, self.database.all("accounts"))

    def account(self, scope: str) -> BudgetAccountState | None:
        found = self.database.all("accounts_of", (as_array([scope]),))
        return next(iter(readable("budget account", account_from, found)), None)

    def owners(self) -> list[Owner]:
        return readable("process", _owner, self.database.all("owners"))


def _child_runs(found: Iterable[SqlRow]) -> list[ChildRun]:
    return [
        ChildRun(SessionKey(key), name, label, RunId(run), status_from(status), bool(quiet), *rest)
        for key, name, label, run, status, quiet, *rest in found
        if type(run) is str and type(key) is str
    ]


def _last_old_seq(database: Database) -> float:
    """The last event in an older form; if the store no longer tells, each event may be one."""
    found = database.one("last_seq_of_format", (FORMAT - 1,))
    if found is None:
        return 0
    return found[0] if type(found[0]) is int else math.inf


def readable(what: str, read: Callable[[SqlRow], _T], found: Iterable[SqlRow]) -> list[_T]:
    """The records that can be read; the log names the others."""
    records: list[_T] = []
    for columns in found:
        try:
            records.append(read(columns))
        except (ValueError, TypeError, PagentsError) as error:
            _warn_once(f"✖ unreadable {what} in the store, left out: {error}")
    return records


@lru_cache(maxsize=256)
def _warn_once(text: str) -> None:
    """Log a warning that each read of the store would repeat, every two seconds."""
    _log.warning("%s", text)


def account_from(columns: SqlRow) -> BudgetAccountState:
    scope, nanousd, tokens, on_limit, *amounts = columns
    if type(scope) is not str or not _is_whole(amounts):
        raise Undecodable(f"a column of {scope!r} has the wrong type")
    return BudgetAccountState(
        BudgetAccount(scope=scope, budget=budget_of(nanousd, tokens, on_limit)),
        Amount(*amounts[:2]),
        Amount(*amounts[2:]),
    )


def _owner(columns: SqlRow) -> Owner:
    identity, host, pid, role, state, heartbeat_at, boot, birth, project = columns
    if tuple(map(type, columns)) != _OWNER_TYPES or not is_moment(heartbeat_at):
        raise Undecodable(f"a column of {identity!r} has the wrong type")
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


def _is_whole(columns: Iterable[object]) -> bool:
    return all(type(value) is int for value in columns)


def status_from(stored: object) -> RunStatus:
    return _STATUSES.get(stored, RunStatus.UNREADABLE)


def _no_run(run: RunId) -> NotFound:
    return NotFound(f"no run {run!r}", hint="`pagents list --all` shows them")
