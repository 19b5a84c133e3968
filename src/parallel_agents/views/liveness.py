"""Liveness: the processes that are alive, and so which live runs nobody works on."""

from __future__ import annotations

import time
from dataclasses import dataclass

from parallel_agents.app.app import App
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.run import Run
from parallel_agents.core.store import OwnerState

# A worker that was started for a run has given a first sign of life by then.
_START_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Liveness:
    """Who was alive at `now`, in seconds since the epoch."""

    alive: frozenset[OwnerId]
    now: float

    def has_left(self, run: Run) -> bool:
        """Whether a run is not over, and no living process has it or will take it from the queue."""
        if run.status.is_over or run.owner in self.alive:
            return False
        if run.owner is not None:
            return True
        is_fresh = run.epoch == 0 and self.now - run.created_at < _START_SECONDS
        return not (self.alive or is_fresh)


async def read_liveness(client: App) -> Liveness:
    """The staff now; a client has declared dead who is."""
    owners = await client.store.owners()
    alive = frozenset(owner.id for owner in owners if owner.state is OwnerState.LIVE)
    return Liveness(alive=alive, now=time.time())
