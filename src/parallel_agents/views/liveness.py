"""Liveness: which live runs no process works on, given the processes that are alive."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.overview import Tally
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.run import Run
from parallel_agents.core.vitals import LiveRuns

# By then a worker that was started for a run has given its first sign of life.
_START_SECONDS = 5.0


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
        return not tally.status.is_over and self._is_left(tally.owner, tally.unclaimed_since)

    def _is_left(self, owner: OwnerId | None, queued_at: float | None) -> bool:
        if owner is not None:
            return owner not in self.alive
        is_fresh = queued_at is not None and self.now - queued_at < _START_SECONDS
        return not (self.alive or self.is_starting or is_fresh)
