"""Liveness: which live runs no process works on, given the processes that are alive."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.overview import Tally
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.vitals import LiveRuns

# By then a worker that was started for a run has given its first sign of life.
_START_SECONDS = 5.0


class LiveState(StrEnum):
    """How live runs are doing: executed, waiting for a process, paused, or left by all processes."""

    RUNNING = "running"
    QUEUED = "queued"
    PAUSED = "paused"
    STOPPED = "stopped"


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """The processes that were alive at one moment.

    Attributes:
        now: seconds since the epoch.
        is_starting: whether a worker has been started that is not at work yet.
    """

    alive: frozenset[OwnerId]
    now: float
    is_starting: bool = False

    @classmethod
    def of(cls, owners: Iterable[Owner], now: float, *, is_starting: bool = False) -> Liveness:
        alive = (owner.id for owner in owners if owner.state is OwnerState.LIVE)
        return cls(alive=frozenset(alive), now=now, is_starting=is_starting)

    def is_stopped(self, run: Run) -> bool:
        """Whether a run is live, but no living process owns it or will claim it from the queue."""
        queued_at = run.created_at if run.epoch == 0 else None
        return not run.status.is_over and self._is_left(run.owner, queued_at)

    def are_stopped(self, tally: Tally | LiveRuns) -> bool:
        """The same of runs that are doing alike."""
        is_live = not tally.status.is_over and not tally.is_paused
        return is_live and self._is_left(tally.owner, tally.unclaimed_since)

    def count(self, live: Iterable[LiveRuns]) -> Counter[LiveState]:
        """How many live runs are in each state; every run is in one."""
        found: Counter[LiveState] = Counter(dict.fromkeys(LiveState, 0))
        for each in live:
            is_running = each.status is RunStatus.RUNNING
            at_work = LiveState.RUNNING if is_running else LiveState.QUEUED
            state = LiveState.STOPPED if self.are_stopped(each) else at_work
            found[LiveState.PAUSED if each.is_paused else state] += each.runs
        return found

    def _is_left(self, owner: OwnerId | None, queued_at: float | None) -> bool:
        if owner is not None:
            return owner not in self.alive
        is_fresh = queued_at is not None and self.now - queued_at < _START_SECONDS
        return not (self.alive or self.is_starting or is_fresh)
