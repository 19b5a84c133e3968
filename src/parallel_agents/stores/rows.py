"""Reading: what the store answers, as values, from any connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Sequence

import orjson
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Amount, BudgetAccount
from parallel_agents.core.event import Body, Event, Finished
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.run import LIVE, Result, RunStatus
from parallel_agents.core.store import (
    Attempt,
    BudgetAccountState,
    ChildRun,
    Filter,
    Owner,
    OwnerState,
    Role,
    Row,
)
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.errors import NotFound
from parallel_agents.stores.budgets import budget_of
from parallel_agents.stores.codec import (
    decode_agent,
    decode_body,
    event_from,
    row_from,
    spend_from,
)
from parallel_agents.stores.queries import query

_LIVE = "r.status IN ('queued', 'running')"


class Agents:
    """Agent definitions by digest; they never change, so each is decoded once."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._sql = connection
        self._known: dict[str, Agent] = {}

    def get(self, digest: str) -> Agent:
        if digest not in self._known:
            (body,) = self._sql.execute(query("agent"), (digest,)).fetchone()
            self._known[digest] = decode_agent(body)
        return self._known[digest]


def row_of_run(sql: sqlite3.Connection, agents: Agents, run: RunId) -> Row:
    found = sql.execute(f"{query('rows')} WHERE r.id = ?", (run,)).fetchone()
    if found is None:
        raise _no_run(run)
    return row_from(found, agents.get(found[1]))


def _no_run(run: RunId) -> NotFound:
    return NotFound(f"no run {run!r}", hint="`pagents list --all` shows them")


def row_of_session(sql: sqlite3.Connection, agents: Agents, session: SessionKey) -> Row:
    """The session with its latest run."""
    found = sql.execute(
        f"{query('rows')} WHERE s.key = ? ORDER BY r.number DESC LIMIT 1", (session,)
    ).fetchone()
    if found is None:
        raise NotFound(f"no session {session!r}", hint="`pagents list --all` shows them")
    return row_from(found, agents.get(found[1]))


def rows(sql: sqlite3.Connection, agents: Agents, chosen: Filter) -> list[Row]:
    where = _Where()
    is_every_run = chosen.every_run or chosen.orphaned
    if not is_every_run and chosen.owner is None and chosen.run is None:
        where.add("r.number = (SELECT MAX(number) FROM runs WHERE session = s.key)")
    where.add_if(chosen.session, "s.key = ?")
    where.add_if(chosen.run, "r.id = ?")
    where.add_if(chosen.parent, "s.parent = ?")
    if chosen.agent is not None:
        where.add("s.key GLOB ?", f"agent:{_literal(chosen.agent)}:*")
    where.add_if(chosen.tree, f"s.key IN ({query('subtree')})")
    where.add_if(chosen.owner, f"{_LIVE} AND r.owner = ?")
    where.add_if(chosen.since, f"({_LIVE} OR r.finished_at >= ?)")
    if chosen.orphaned:
        where.add(f"{_LIVE} AND (r.owner IS NULL OR o.state = 'dead')")
    if chosen.roots_only:
        where.add("s.parent = ''")
    if chosen.is_live is not None:
        where.add(_LIVE if chosen.is_live else f"NOT ({_LIVE})")
    order = "r.created_at DESC, s.key"
    if chosen.prefix is not None:
        where.add("(" + " OR ".join(_PREFIXES) + ")", *_prefix_values(chosen.prefix))
        # What is named in full comes first: a limit must not cut it off behind newer namesakes.
        order = f"({_WHOLE} OR s.key GLOB ?) DESC, {order}"
        where.values.extend((chosen.prefix, f"*:{_literal(chosen.prefix)}"))
    tail = "" if chosen.limit is None else f" LIMIT {int(chosen.limit)}"
    found = sql.execute(f"{query('rows')} {where} ORDER BY {order}{tail}", where.values).fetchall()
    return [row_from(columns, agents.get(columns[1])) for columns in found]


class _Where:
    """Conditions that all hold, and their values in order."""

    def __init__(self) -> None:
        self._conditions: list[str] = []
        self.values: list[str | float] = []

    def add(self, condition: str, *values: str | float) -> None:
        self._conditions.append(condition)
        self.values.extend(values)

    def add_if(self, value: str | float | None, condition: str) -> None:
        """The condition on a value, where there is one."""
        if value is not None:
            self.add(condition, value)

    @override
    def __str__(self) -> str:
        return f"WHERE {' AND '.join(self._conditions)}" if self._conditions else ""


_WHOLE = "? IN (s.key, s.label, json_extract(s.options, '$.task_name'), r.id)"
_PREFIXES = (
    "s.key = ?",
    "s.label = ?",
    "json_extract(s.options, '$.task_name') = ?",
    "s.key GLOB ?",
    "s.key GLOB ?",
    "r.id GLOB ?",
)


def _prefix_values(prefix: str) -> tuple[str, ...]:
    pattern = _literal(prefix)
    return (prefix, prefix, prefix, f"{pattern}*", f"*:{pattern}*", f"{pattern}*")


def _literal(text: str) -> str:
    """A GLOB pattern for the text itself."""
    return "".join(f"[{char}]" if char in "*?[" else char for char in text)


def events(
    sql: sqlite3.Connection,
    *,
    after: int,
    session: SessionKey | None,
    tree: SessionKey | None,
    kinds: Collection[str] | None = None,
    limit: int | None,
) -> list[Event]:
    conditions = ["e.seq > ?"]
    values: list[str | int] = [after]
    if session is not None:
        conditions.append("r.session = ?")
        values.append(session)
    if tree is not None:
        conditions.append(f"r.session IN ({query('subtree')})")
        values.append(tree)
    if kinds is not None:
        conditions.append(query("is_of_kind"))
        values.append(orjson.dumps(list(kinds)).decode())
    tail = "" if limit is None else f" LIMIT {int(limit)}"
    where = " AND ".join(conditions)
    found = sql.execute(f"{query('events')} WHERE {where} ORDER BY e.seq{tail}", values)
    return [event_from(row) for row in found]


def events_of_session(sql: sqlite3.Connection, session: SessionKey) -> list[Event]:
    found = sql.execute(query("events_of_session"), (session, 0))
    return [event_from(row) for row in found]


def child_runs(sql: sqlite3.Connection, parent: SessionKey) -> list[ChildRun]:
    found = sql.execute(query("child_runs"), (parent,))
    return [ChildRun(key, RunId(run), RunStatus(status)) for key, run, status in found]


def live_among(sql: sqlite3.Connection, runs: Sequence[RunId]) -> list[RunId]:
    found = sql.execute(query("statuses_of"), (_as_list(runs),))
    statuses: dict[str, str] = dict(found.fetchall())
    for run in runs:
        if run not in statuses:
            raise _no_run(run)
    return [run for run in runs if statuses[run] in LIVE]


def results(sql: sqlite3.Connection, agents: Agents, runs: Sequence[RunId]) -> list[Result | None]:
    chosen = (_as_list(runs),)
    where = "WHERE r.id IN (SELECT value FROM json_each(?))"
    found = sql.execute(f"{query('rows')} {where}", chosen)
    rows = {columns[10]: row_from(columns, agents.get(columns[1])) for columns in found}
    ends: dict[str, bytes] = dict(sql.execute(query("finished_of"), chosen).fetchall())
    below = {row[0]: spend_from(row[1:]) for row in sql.execute(query("spend_below"), chosen)}
    for run in runs:
        if run not in rows:
            raise _no_run(run)
    return [_result(rows[run], ends.get(run), below.get(run, Spend())) for run in runs]


def last_bodies(sql: sqlite3.Connection, runs: Sequence[RunId]) -> dict[RunId, Body]:
    found = sql.execute(query("last_events_of"), (_as_list(runs),))
    return {RunId(run): decode_body(body) for run, body in found}


def last_steps(sql: sqlite3.Connection, runs: Sequence[RunId]) -> dict[RunId, Body]:
    found = sql.execute(query("last_steps_of"), (_as_list(runs),))
    return {RunId(run): decode_body(body) for run, body in found}


def last_times(sql: sqlite3.Connection, runs: Sequence[RunId]) -> dict[RunId, float]:
    found = sql.execute(query("last_times_of"), (_as_list(runs),))
    return {RunId(run): at for run, at in found}


def attempts(sql: sqlite3.Connection, runs: Sequence[RunId]) -> dict[RunId, list[Attempt]]:
    """Folded from the fields that count: to decode whole replies would take ten times as long."""
    found: dict[RunId, list[Attempt]] = {}
    for run, first, above, cost, is_priced, *usage in sql.execute(
        query("attempts_of"), (_as_list(runs),)
    ):
        of_run = found.setdefault(run, [Attempt("", Spend())])
        model, spend = of_run[-1]
        if first is not None:
            of_run[-1] = Attempt(first, spend)
        elif above is not None:
            of_run.append(Attempt(above or model, Spend()))
        elif usage[0] is not None:
            reply = Spend(Usage(*usage), 1, cost or 0, int(not is_priced))
            of_run[-1] = Attempt(model, spend + reply)
    return found


def _as_list(runs: Sequence[RunId]) -> str:
    """Ids as the JSON text that `json_each` reads: any number of them in one parameter."""
    return orjson.dumps(runs).decode()


def _result(row: Row, end: bytes | None, below: Spend) -> Result | None:
    finished = None if end is None else decode_body(end)
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


def accounts(sql: sqlite3.Connection) -> list[BudgetAccountState]:
    return [
        BudgetAccountState(
            BudgetAccount(scope=scope, budget=budget_of(nanousd, tokens, on_limit)),
            Amount(spent_nanousd, spent_tokens),
            Amount(held_nanousd, held_tokens),
        )
        for (
            scope,
            nanousd,
            tokens,
            on_limit,
            spent_nanousd,
            spent_tokens,
            held_nanousd,
            held_tokens,
        ) in sql.execute(query("accounts"))
    ]


def owners(sql: sqlite3.Connection) -> list[Owner]:
    return [
        Owner(
            id=OwnerId(identity),
            host=host,
            pid=pid,
            role=Role(role),
            state=OwnerState(state),
            heartbeat_at=heartbeat_at,
        )
        for identity, host, pid, role, state, heartbeat_at in sql.execute(query("owners"))
    ]
