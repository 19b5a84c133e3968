"""Snapshots: how sessions are doing at one moment, read together and from one state of the store."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace

from parallel_agents.core.event import Body, Noticed, Started, Steered
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import OwnerId, RunId, SessionKey, function_of
from parallel_agents.core.inspection import Snapshot
from parallel_agents.core.overview import Tally
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunnerKind, RunStatus
from parallel_agents.core.silence import Silence, left_of, silences_of
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.stores.attention import read_needs, read_retries
from parallel_agents.stores.changed_rows import read_gone, read_uncounted
from parallel_agents.stores.database import as_array
from parallel_agents.stores.overview import read_tallies
from parallel_agents.stores.questions import read_asked
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.vitals import read_silent

# Enough to say what stopped runs of a team lack, and when the last of them was worked on.
_MEMBERS_LOOKED_AT = 100


def read_snapshot(rows: Rows, shown: Sequence[Row], rules: StuckRules, now: float) -> Snapshot:
    """See `core.inspection.SnapshotStore`; `now` is in seconds since the epoch."""
    with rows.database.reading():
        return _snapshot(rows, shown, rules, now)


def _snapshot(rows: Rows, shown: Sequence[Row], rules: StuckRules, now: float) -> Snapshot:
    alive = frozenset(owner.id for owner in rows.owners() if owner.state is OwnerState.LIVE)
    shown = _with_takers(rows, shown, alive)
    live = {row.session.key: _live_runs(rows, row) for row in shown if _may_wait(row)}
    teams = [row for row in shown if row.run.kind.is_group]
    maps = {row.session.key for row in teams if row.run.kind is RunnerKind.FLOW}
    gone = read_gone(rows, sorted(maps | _parents(shown)))
    uncounted = read_uncounted(rows, {key: gone[key] for key in maps & gone.keys()})
    found = read_tallies(rows, [row.session.key for row in teams], uncounted)
    tallies = found | {
        row.session.key: [_taken(tally, row.run, alive) for tally in found[row.session.key]]
        for row in teams
        if not row.run.status.is_over and row.run.owner in alive
    }
    left = {
        team: _members_left(rows, team)
        for team, of_team in tallies.items()
        if any(not tally.status.is_over and tally.owner not in alive for tally in of_team)
    }
    working = _live([*shown, *_all(live.values())])
    begun = [run.id for run in working if run.status is not RunStatus.QUEUED]
    last = _last_bodies(rows, begun, now)
    asides = [run for run, body in last.items() if isinstance(body, Started | Steered | Noticed)]
    resting = [
        row.run.id
        for row in [*shown, *_all(left.values())]
        if not row.run.status.is_over
        and (row.run.owner not in alive or row.run.is_resting or row.session.paused_by)
    ]
    asked = read_asked(rows, now) if working else []
    running = [run.id for run in working if run.status is RunStatus.RUNNING]
    silences = _silences(rows, running, rules, now)
    return Snapshot(
        rows=shown,
        live=live,
        tallies=tallies,
        spent=rows.spent_in(row.session.key for row in shown),
        seconds_before=_seconds_before(rows, [row.run.id for row in shown if row.run.number > 1]),
        left=left,
        last=last,
        last_steps=_last_steps(rows, asides),
        last_times=rows.last_times(resting),
        silences=silences,
        asked={each.run: each.question for each in reversed(asked)},
        alive=alive,
        now=now,
        needs_below=read_needs(
            rows,
            [row.session.key for row in shown],
            asked,
            _stuck(rows, rules, now) if _may_wait_for_others(working, silences) else (),
        ),
        retries=read_retries(rows, running) if running else {},
        former=_former(rows, shown),
        uncounted=_uncounted(shown, gone),
    )


def _parents(shown: Sequence[Row]) -> set[SessionKey]:
    """The flows whose tasks are shown."""
    parents = {row.session.parent for row in shown if row.session.parent is not None}
    return {parent for parent in parents if function_of(parent)}


def _uncounted(
    shown: Sequence[Row], gone: Mapping[SessionKey, Collection[str]]
) -> frozenset[RunId]:
    """The runs of rows that their maps no longer have, and of what combined former results."""
    return frozenset(
        row.run.id
        for row in shown
        if row.session.parent is not None
        and name_of(row.session.spawn_key) in gone.get(row.session.parent, ())
    )


def _last_bodies(rows: Rows, runs: Sequence[RunId], now: float) -> dict[RunId, Body]:
    found = rows.database.all("last_events_of", (as_array(runs),))
    return {
        RunId(run): left_of(rows.body(seq, body), now - at if is_moment(at) else 0.0)
        for run, seq, at, body in found
    }


def _last_steps(rows: Rows, runs: Sequence[RunId]) -> dict[RunId, Body]:
    found = rows.database.all("last_steps_of", (as_array(runs),))
    return {RunId(run): rows.body(seq, body) for run, seq, body in found}


def _seconds_before(rows: Rows, runs: Sequence[RunId]) -> Mapping[SessionKey, float]:
    found = rows.database.all("seconds_before", {"runs": as_array(runs)}) if runs else []
    return {SessionKey(key): float(seconds) for key, seconds in found}


def _with_takers(rows: Rows, shown: Sequence[Row], alive: Collection[OwnerId]) -> Sequence[Row]:
    """The rows, with what a living process takes up as its own: it waits there for a slot."""
    unowned = [run.id for run in _live(shown) if run.owner is not None and run.owner not in alive]
    if not unowned:
        return shown
    takers = rows.takers(unowned)
    return [_waiting(row, takers[row.run.id]) if row.run.id in takers else row for row in shown]


def _waiting(row: Row, owner: OwnerId) -> Row:
    run = replace(row.run, owner=owner, status=RunStatus.QUEUED)
    return replace(row, run=run, owner_state=OwnerState.LIVE)


def _taken(tally: Tally, team: Run, alive: Collection[OwnerId]) -> Tally:
    """The same of the tasks of a team that a living process executes."""
    if tally.status.is_over or tally.owner is None or tally.owner in alive:
        return tally
    return tally._replace(owner=team.owner, status=RunStatus.QUEUED)


def _may_wait(row: Row) -> bool:
    """Whether the latest run of a session may wait for an earlier one."""
    return row.run.status is RunStatus.QUEUED and row.run.number > 1


def _live_runs(rows: Rows, row: Row) -> list[Row]:
    chosen = Filter(session=row.session.key, is_live=True, every_run=True)
    return sorted(rows.rows(chosen), key=lambda found: found.run.number)


def _members_left(rows: Rows, team: SessionKey) -> list[Row]:
    return rows.rows(Filter(parent=team, asker=team, is_live=True, limit=_MEMBERS_LOOKED_AT))


def _silences(
    rows: Rows, among: Sequence[RunId], rules: StuckRules, now: float
) -> Mapping[RunId, Silence]:
    if not among:
        return {}
    silent, gaps = read_silent(rows, rules, now, among)
    return {each.run: silence for each, silence in silences_of(silent, gaps, rules, now)}


def _may_wait_for_others(working: Sequence[Run], silences: Mapping[RunId, Silence]) -> bool:
    """Whether one of these runs may have others below it that are stuck: it is silent as long."""
    return any(run.kind.is_group or run.id in silences for run in working)


def _stuck(rows: Rows, rules: StuckRules, now: float) -> list[SessionKey]:
    silent, gaps = read_silent(rows, rules, now)
    found = silences_of(silent, gaps, rules, now)
    return [each.session for each, silence in found if silence.is_stuck]


def _former(rows: Rows, shown: Sequence[Row]) -> frozenset[RunId]:
    """The runs that did not do their tasks, and that a later try of the same task follows."""
    by_parent: dict[SessionKey, list[Row]] = {}
    for row in shown:
        status, parent = row.run.status, row.session.parent
        if parent is not None and status.is_over and status is not RunStatus.DONE:
            by_parent.setdefault(parent, []).append(row)
    former: set[RunId] = set()
    for parent, lost in by_parent.items():
        names = list(dict.fromkeys(name_of(row.session.spawn_key) for row in lost))
        found = rows.children_named(parent, names)
        latest = {name_of(child.key): child.session for child in found}
        former |= {
            row.run.id
            for row in lost
            if latest.get(name_of(row.session.spawn_key), row.session.key) != row.session.key
        }
    return frozenset(former)


def _live(rows: Sequence[Row]) -> list[Run]:
    return [row.run for row in rows if not row.run.status.is_over]


def _all(groups: Collection[Sequence[Row]]) -> list[Row]:
    return [row for group in groups for row in group]
