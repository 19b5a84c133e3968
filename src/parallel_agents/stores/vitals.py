"""Vitals: counts of the live work, found in indexes, and the runs that have been silent for a while."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise

from parallel_agents.core.budget import NOTICE_PERCENTS, BudgetAccountState
from parallel_agents.core.event import Noticed
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, function_of
from parallel_agents.core.on_stuck import OnStuck
from parallel_agents.core.run import RunStatus
from parallel_agents.core.session import listed_name
from parallel_agents.core.silence import Gap, SilentRun
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.vitals import (
    MOST_SILENT,
    Failures,
    LimitedRun,
    LiveRuns,
    Vitals,
    spent_percent,
)
from parallel_agents.stores.changed_rows import read_gone, read_uncounted
from parallel_agents.stores.codec import Undecodable
from parallel_agents.stores.database import SqlRow, as_array
from parallel_agents.stores.day_budgets import DAY, day_of
from parallel_agents.stores.row_columns import is_moment, stand_in
from parallel_agents.stores.rows import Rows, account_from, readable, status_from

# Enough to know what is usual for an agent, and to stay fast.
_MOST_RUNS, _MOST_GAPS = 30, 2000


def read_vitals(
    rows: Rows, rules: StuckRules, *, since: float, now: float, oldest_letter: float
) -> Vitals:
    """See `core.vitals.VitalStore`; dead letters from before `oldest_letter` no longer count."""
    database = rows.database
    silent, gaps = read_silent(rows, rules, now)
    accounts = _accounts_in_use(rows, now)
    letters = database.one("count_dead_letters", (oldest_letter,))
    return Vitals(
        live=readable("run", _live, database.all("live_by_owner")),
        silent=silent,
        gaps=gaps,
        failures=_failures(rows, since),
        dead_letters=0 if letters is None else letters[0],
        limited=readable("event", partial(_limited, rows), database.all("limits_hit", (since,))),
        accounts=[state for state in accounts if _is_nearly_spent(state)],
        day=next((state for state in accounts if _is_of_day(state, now)), None),
    )


def read_silent(
    rows: Rows, rules: StuckRules, now: float, among: Sequence[RunId] | None = None
) -> tuple[Sequence[SilentRun], Mapping[str, Sequence[Gap]]]:
    """See `core.vitals.VitalStore`."""
    until = now - rules.earliest_seconds
    if among is None:
        found = rows.database.all("silent_runs", {"until": until, "most": MOST_SILENT})
    else:
        found = rows.database.all("silent_of", {"until": until, "runs": as_array(among)})
    silent = readable("run", partial(_silent, rows), found)
    return silent, {agent: _gaps(rows, agent) for agent in {each.agent for each in silent}}


def _live(columns: SqlRow) -> LiveRuns:
    owner, status, runs, since, is_paused = columns
    return LiveRuns(
        None if owner is None else OwnerId(str(owner)),
        status_from(status),
        int(runs),
        since if is_moment(since) else None,
        bool(is_paused),
    )


def _failures(rows: Rows, since: float) -> list[Failures]:
    """The failures that still count: of no task that was tried again, and of no row that its map no longer has."""
    parents = [
        SessionKey(key) for (key,) in rows.database.all("parents_of_failed", {"since": since})
    ]
    gone = read_gone(rows, [key for key in parents if function_of(key)])
    asked = {"since": since, "uncounted": as_array(list(read_uncounted(rows, gone)))}
    return readable("run", _failure, rows.database.all("failed_since", asked))


def _failure(columns: SqlRow) -> Failures:
    status, code, runs, last_at = columns
    if not is_moment(last_at):
        raise Undecodable("the time of its end cannot be read")
    return Failures(RunStatus(status), str(code), int(runs), last_at)


def _limited(rows: Rows, columns: SqlRow) -> LimitedRun:
    session, spawn_key, parent, label, seq, body, calls = columns
    noticed = rows.body(seq, body)
    if not isinstance(noticed, Noticed) or noticed.limit is None:
        raise Undecodable("it names no limit")
    key = SessionKey(str(session))
    name = listed_name(key, str(spawn_key), is_root=not parent)
    return LimitedRun(key, name, str(label), noticed.limit, int(calls), noticed.text)


def _silent(rows: Rows, columns: SqlRow) -> SilentRun:
    run, session, spawn_key, parent, owner, epoch, label, model, seq, at, body, *flags = columns
    has_children, is_asking, on_stuck, was_told = flags
    if not is_moment(at):
        raise Undecodable("the time of its last event cannot be read")
    return SilentRun(
        run=RunId(str(run)),
        session=SessionKey(str(session)),
        owner=OwnerId(str(owner)),
        epoch=int(epoch),
        number=seq,
        name=listed_name(SessionKey(str(session)), str(spawn_key), is_root=not parent),
        label=str(label),
        agent=stand_in(str(session)).name,
        model=str(model),
        at=at,
        body=rows.body(seq, body),
        has_children=bool(has_children),
        is_asking=bool(is_asking),
        on_stuck=None if on_stuck is None else OnStuck(on_stuck),
        was_told=bool(was_told),
    )


def _gaps(rows: Rows, agent: str) -> list[Gap]:
    """The gaps between the events of the agent's last runs that have ended."""
    runs = [
        run for (run,) in rows.database.all("last_ended_of", {"agent": agent, "most": _MOST_RUNS})
    ]
    found = rows.database.all("event_times", (as_array(runs), _MOST_GAPS))
    times: dict[str, list[SqlRow]] = defaultdict(list)
    for run, *rest in found:
        times[str(run)].append(tuple(rest))
    return [
        _gap(before, after)
        for of_run in times.values()
        for before, after in pairwise(of_run)
        if is_moment(before[0]) and is_moment(after[0])
    ]


def _gap(before: SqlRow, after: SqlRow) -> Gap:
    began, is_wait, _, _ = before
    ended, _, is_start, stood = after
    parked = stood if isinstance(stood, float) else 0.0
    return Gap(max(ended - began - parked, 0.0), is_wait=bool(is_wait or is_start or parked))


def _accounts_in_use(rows: Rows, now: float) -> list[BudgetAccountState]:
    """The accounts that live runs are charged to, and those of the day of `now`."""
    found = rows.database.all("accounts_in_use", {"day": day_of(now)})
    return readable("budget account", account_from, found)


def _is_of_day(state: BudgetAccountState, now: float) -> bool:
    account = state.account
    return account.budget.is_bound and account.scope == f"{DAY}:{day_of(now)}"


def _is_nearly_spent(state: BudgetAccountState) -> bool:
    return spent_percent(state) >= NOTICE_PERCENTS[0]
