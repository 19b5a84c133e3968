"""Owner: a process that works on a store and executes runs of it."""

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
    """A process that works on the store.

    Attributes:
        host: the machine and the namespace in which `pid` is valid.
        heartbeat_at: its last heartbeat, on the store's clock.
        boot: the start of the machine in which it runs; empty if unknown.
        birth: when the process began, in the kernel's ticks since that start; 0 if unknown. A later
            process with the same `pid` has another birth.
        project: the project folder whose settings it uses; empty for none.
    """

    id: OwnerId
    host: str
    pid: int
    role: Role = Role.SCRIPT
    state: OwnerState = OwnerState.LIVE
    heartbeat_at: float = 0.0
    boot: str = ""
    birth: int = 0
    project: str = ""
