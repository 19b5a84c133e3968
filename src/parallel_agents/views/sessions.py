"""Sessions: each with its current run, what it is doing, and the sessions of its team."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType

from parallel_agents.core.attention import Attention, attention_of
from parallel_agents.core.inspection import Retry, Snapshot
from parallel_agents.core.overview import Tally
from parallel_agents.core.question import Question
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunnerKind, RunStatus
from parallel_agents.core.silence import Silence, described
from parallel_agents.core.usage import Spend
from parallel_agents.sessions.unclaimed import waits_in_vain
from parallel_agents.views import format
from parallel_agents.views.activity import doing_after, doing_on, doing_while
from parallel_agents.views.events import ASKS_MODEL, WAITS_FOR_SLOT
from parallel_agents.views.liveness import Liveness

STOPPED = "stopped"
INTERRUPTED = "interrupted"
RETRYING = "retrying"
PAUSED = "paused"
_NO_COUNTS: Mapping[str, int] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session with its current run: the one being worked on, else the latest.

    Attributes:
        doing: what that run is doing now.
        is_stopped: the run has not ended, no process works on it, and nobody paused it.
        until: when it ended, was worked on last or, while a process works on it, now.
        asks: what the run asks a person, whether a process works on it or not; if it asks nothing,
            the first that a session below it asks.
        asked: the question of which `asks` tells; None for none.
        is_asking: whether it is the run itself that asks.
        attention: what the run itself needs of a person; None for nothing.
        needs: how many sessions need a person, it and all below it, by what it is that they need.
        retry: the call that the run makes again after a failure; None if it makes none.
        queued_after: further runs of the session that wait for it.
        counts: of a team, how many of its tasks' runs are in each state; of one that has ended, as it
            ended.
        later_counts: of a team that has ended, the same of what began later, such as retries.
        spend: of all runs of the session, and of everything below it.
        seconds_before: for how long processes executed the earlier runs of the session.
        lacks: what the process that looks lacks to begin or continue the run, if no process has it.
        silence: how long the run has been silent, if that is worth saying.
        is_former: whether the run did not do its task, and the task was tried again since.
        is_uncounted: whether it no longer counts in its map, which has other rows now.
    """

    row: Row
    is_stopped: bool
    until: float
    doing: str = ""
    asks: str = ""
    asked: Question | None = None
    is_asking: bool = False
    attention: Attention | None = None
    needs: Mapping[Attention, int] = field(default_factory=dict[Attention, int])
    retry: Retry | None = None
    queued_after: int = 0
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    later_counts: Mapping[str, int] = field(default_factory=dict[str, int])
    spend: Spend = Spend()
    seconds_before: float = 0.0
    lacks: str = ""
    silence: Silence | None = None
    is_former: bool = False
    is_uncounted: bool = False

    @property
    def counts_no_more(self) -> bool:
        """Whether something else counts instead: another try of the task, or other rows."""
        return self.is_former or self.is_uncounted

    @property
    def counts_told(self) -> str:
        """Why it does not count any more, in words; empty if it does."""
        if self.is_uncounted:
            return "no longer counts"
        return "tried again" if self.is_former else ""

    @property
    def is_stuck(self) -> bool:
        return self.silence is not None and self.silence.is_stuck

    @property
    def needed(self) -> int:
        """How many sessions need a person: it, and all below it."""
        return sum(self.needs.values())

    @property
    def seconds(self) -> float | None:
        """How long processes have executed the runs of the session; None before the start of the first."""
        own = self.row.run.seconds_until(self.until)
        return (self.seconds_before or None) if own is None else self.seconds_before + own

    @property
    def is_executed(self) -> bool:
        """Whether a process works on the run now, so that its time goes on."""
        is_running = self.row.run.status is RunStatus.RUNNING
        return is_running and not self.is_stopped and not self.is_paused

    @property
    def timed_from(self) -> float | None:
        """The moment from which the time of a live run is counted; None before its start."""
        run = self.row.run
        if run.started_at is None:
            return None
        return run.started_at + run.idle_seconds - self.seconds_before

    @property
    def is_interrupted(self) -> bool:
        """Whether somebody ended the run alone, as in a chat, so that the session can be continued."""
        return self.row.run.status is RunStatus.KILLED and not self.row.session.killed

    @property
    def is_paused(self) -> bool:
        return is_paused(self.row)

    @property
    def state(self) -> str:
        """The state to show: `stopped` is a live run that no process works on, `retrying` one whose last call failed."""
        if self.is_interrupted:
            return INTERRUPTED
        if self.is_paused:
            return PAUSED
        if self.is_stopped:
            return STOPPED
        return _state(self.row.run.status) if self.retry is None else RETRYING


def state_told(line: SessionLine) -> str:
    """The state in a sentence or a table, which says what does not count any more, and why."""
    return ", ".join(filter(None, (line.state, line.counts_told)))


def in_all_runs(result: Result, line: SessionLine) -> Result:
    """The result of a session's current run, with the time of the earlier runs that it continues."""
    if result.run_id != line.row.run.id or not line.seconds_before or line.seconds is None:
        return result
    return replace(result, seconds=line.seconds)


def doing_told(line: SessionLine) -> str:
    """What a session is doing, what it has done, or why this process cannot continue it, as in a table."""
    if line.lacks:
        return f"waits: {line.lacks}"
    if line.silence is not None and line.silence.is_stuck:
        return f"{described(line.silence)}; {line.doing}"
    if line.counts:
        later = _listed(line.later_counts)
        since = f"since then {later}" if later else ""
        by = f"by {line.row.session.paused_by}, " if line.is_paused else ""
        return "; ".join(filter(None, (f"{by}{_tasks_told(line)}", since, line.asks)))
    return line.asks or line.doing or line.row.run.title


def _tasks_told(line: SessionLine) -> str:
    """`3/5 done, 2 running`; of a flow `3 done, 2 running`, since nobody knows how many steps follow."""
    done, counts = format.status(RunStatus.DONE), line.counts
    whole = f"/{sum(counts.values())}" if line.row.run.kind is RunnerKind.TEAM else ""
    others = {state: count for state, count in counts.items() if state != done}
    return ", ".join(filter(None, (f"{counts.get(done, 0)}{whole} done", _listed(others))))


def _listed(counts: Mapping[str, int]) -> str:
    return ", ".join(f"{count} {state}" for state, count in counts.items())


def is_paused(row: Row) -> bool:
    """Whether a row's run is live, and somebody has paused its session."""
    return bool(row.session.paused_by) and not row.run.status.is_over


def _state(status: RunStatus) -> str:
    return status.replace("_", " ")


def lines_of(seen: Snapshot, lacks: Callable[[Row], str] = lambda _: "") -> list[SessionLine]:
    """A line for each session of the snapshot, in its order.

    `lacks` returns what the process that looks lacks for a run.
    """
    liveness = Liveness(alive=seen.alive, now=seen.now)
    return [_line(seen, row, liveness, lacks) for row in seen.rows]


def _line(seen: Snapshot, row: Row, liveness: Liveness, lacks: Callable[[Row], str]) -> SessionLine:
    key = row.session.key
    row, queued_after = _counting(row, seen.live.get(key, ()))
    run = row.run
    tallies = seen.tallies.get(key, ())
    left = (row, *seen.left.get(key, ()))
    is_held = is_paused(row)
    is_stopped = liveness.is_stopped(run) and not is_held
    lack = _lack(left, liveness, lacks)
    silence = None if is_stopped else seen.silences.get(run.id)
    asked, needs = seen.asked.get(run.id), seen.needs_of(row, silence)
    return SessionLine(
        row=row,
        is_stopped=is_stopped,
        until=_last_time(seen, left, tallies)
        if is_stopped or is_held or run.is_resting
        else run.finished_at or seen.now,
        doing="" if is_stopped else _doing(seen, row, lack),
        asks="" if needs.first is None else needs.first.told,
        asked=needs.first,
        is_asking=asked is not None,
        attention=attention_of(asked, silence),
        needs=needs.sessions,
        retry=None if is_stopped or is_held else seen.retries.get(run.id),
        queued_after=queued_after,
        counts=_counts([each for each in tallies if not each.is_later], liveness),
        later_counts=_counts([each for each in tallies if each.is_later], liveness),
        spend=seen.spent.get(key, run.spend),
        seconds_before=seen.seconds_before.get(key, 0.0),
        silence=silence,
        lacks=lack,
        is_former=run.id in seen.former,
        is_uncounted=run.id in seen.uncounted,
    )


def _last_time(seen: Snapshot, left: Sequence[Row], tallies: Sequence[Tally]) -> float:
    """When a run that is stopped or waits, or what is below it, was last worked on."""
    times = [each.run.finished_at or seen.last_times.get(each.run.id) for each in left]
    times += [tally.finished_at for tally in tallies]
    return max(filter(None, times), default=seen.now)


def _lack(left: Sequence[Row], liveness: Liveness, lacks: Callable[[Row], str]) -> str:
    for each in left:
        is_stopped = liveness.is_stopped(each.run)
        if lack := lacks(each) if is_stopped else waits_in_vain(each, lacks):
            return lack
    return ""


def _counts(tallies: Sequence[Tally], liveness: Liveness) -> Mapping[str, int]:
    if not tallies:
        return _NO_COUNTS
    counts: Counter[str] = Counter()
    for tally in tallies:
        if tally.runs:  # the others have gone on in a later run
            counts[_state_of(tally, liveness)] += tally.runs
    return counts


def _state_of(tally: Tally, liveness: Liveness) -> str:
    if tally.is_paused:
        return PAUSED
    if liveness.are_stopped(tally):
        return STOPPED
    return RETRYING if tally.is_retrying else _state(tally.status)


def _counting(row: Row, live: Sequence[Row]) -> tuple[Row, int]:
    """The earliest live run of a session, and how many wait for it; else its latest."""
    return (live[0], len(live) - 1) if live else (row, 0)


def _doing(seen: Snapshot, row: Row, lack: str) -> str:
    run = row.run
    if is_paused(row):
        return f"paused by {row.session.paused_by}"
    if run.status is RunStatus.QUEUED:
        return f"waits: {lack}" if lack else WAITS_FOR_SLOT
    last = seen.last.get(run.id)
    if last is None or run.status.is_over:
        return ""
    if run.id in seen.asked:
        return seen.asked[run.id].told
    step = seen.last_steps.get(run.id)
    doing = doing_after(last) if step is None else doing_on(step, last)
    if (retry := seen.retries.get(run.id)) is not None:
        return doing_while(retry, seen.now)
    return "" if run.kind.is_group and doing == ASKS_MODEL else doing
