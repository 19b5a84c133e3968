"""Sessions: each with its current run, what it is doing, and the sessions of its team."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from parallel_agents.core.event import Started
from parallel_agents.core.inspection import Snapshot
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run
from parallel_agents.views.activity import doing_after, doing_on
from parallel_agents.views.liveness import Liveness


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionLine:
    """A session with its current run: the one being worked on, else the latest.

    Attributes:
        doing: what that run is doing now.
        is_stopped: the run has not ended, and no process works on it.
        until: when it ended, wrote last or, while a process works on it, now.
        queued_after: further runs of the session that wait for it.
        members: the sessions of a team.
        lacks: what the process that looks lacks to continue the run, if no process works on it.
    """

    row: Row
    is_stopped: bool
    until: float
    doing: str = ""
    queued_after: int = 0
    members: tuple[SessionLine, ...] = ()
    lacks: str = ""

    @property
    def state(self) -> str:
        """The state to show; `stopped` is a live run that no process is working on."""
        return "stopped" if self.is_stopped else self.row.run.status.replace("_", " ")


def lines_of(seen: Snapshot, lacks: Callable[[Row], str] = lambda _: "") -> list[SessionLine]:
    """A line for each session of the snapshot, in its order.

    `lacks` returns what the process that looks lacks for a run.
    """
    liveness = Liveness(alive=seen.alive, now=seen.now)
    return [_with_lack(_line(seen, row, liveness), lacks) for row in seen.rows]


def _with_lack(line: SessionLine, lacks: Callable[[Row], str]) -> SessionLine:
    waiting = [each.row for each in (line, *line.members) if each.is_stopped]
    lacking = next((lack for row in waiting if (lack := lacks(row))), "")
    return replace(line, lacks=lacking) if lacking else line


def _line(seen: Snapshot, row: Row, liveness: Liveness) -> SessionLine:
    row, queued_after = _counting(row, seen.live.get(row.session.key, ()))
    members = tuple(
        SessionLine(row=member, is_stopped=liveness.is_stopped(member.run), until=seen.now)
        for member in seen.members.get(row.session.key, ())
    )
    is_stopped = liveness.is_stopped(row.run)
    until = row.run.finished_at or seen.now
    if is_stopped:
        runs = [row.run, *(member.row.run for member in members)]
        times = (run.finished_at or seen.last_times.get(run.id) for run in runs)
        until = max(filter(None, times), default=until)
    return SessionLine(
        row=row,
        is_stopped=is_stopped,
        until=until,
        doing="" if is_stopped else _doing(seen, row.run),
        queued_after=queued_after,
        members=members,
    )


def _counting(row: Row, live: Sequence[Row]) -> tuple[Row, int]:
    """The earliest live run of a session, and how many wait for it; else its latest."""
    return (live[0], len(live) - 1) if live else (row, 0)


def _doing(seen: Snapshot, run: Run) -> str:
    last = seen.last.get(run.id)
    if last is None or run.status.is_over:
        return ""
    if isinstance(last, Started) and run.id in seen.last_steps:
        return doing_on(seen.last_steps[run.id], last)
    return doing_after(last)
