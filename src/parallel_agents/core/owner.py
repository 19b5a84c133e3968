"""Owner: a process that executes runs, or waits for them."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from parallel_agents.core.ids import OwnerId


class OwnerState(StrEnum):
    """A `live` owner works, a `gone` one has ended; a `dead` one fell silent, so its runs are free."""

    LIVE = "live"
    GONE = "gone"
    DEAD = "dead"


class Role(StrEnum):
    """A script works for itself; a worker runs what others queue until nothing is left."""

    SCRIPT = "script"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process that works on the store; `heartbeat_at` is its last heartbeat."""

    id: OwnerId
    host: str
    pid: int
    role: Role = Role.SCRIPT
    state: OwnerState = OwnerState.LIVE
    heartbeat_at: float = 0.0
