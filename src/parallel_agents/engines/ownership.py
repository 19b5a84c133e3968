"""Ownership: heartbeats of this process, and the runs of owners that fell silent."""

from __future__ import annotations

import os
import socket
from collections.abc import Callable
from pathlib import Path

from parallel_agents.core.ids import make_owner_id
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter, OwnerStore, SessionStore

HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 30.0


def this_process(role: Role) -> Owner:
    """This process as an owner."""
    return Owner(id=make_owner_id(), host=_host(), pid=os.getpid(), role=role)


def _host() -> str:
    """The machine and, on Linux, the namespace in which this process's number is valid."""
    namespace = Path("/proc/self/ns/pid")
    try:
        inside = str(namespace.readlink())
    except OSError:
        inside = ""
    return f"{socket.gethostname()} {inside}".strip()


def is_alive(pid: int) -> bool:
    """Whether a process of this machine runs.

    A process that was killed and not yet reaped by its parent (a zombie) still has its number but
    does not run.
    """
    if os.name != "posix":
        return True  # signal 0 is no probe there; silence tells
    try:
        # The state follows the name in brackets, which may hold anything: see proc(5).
        state = Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return _takes_signals(pid)  # no such process, or not Linux
    return state[:1] not in (["Z"], ["X"])


def _takes_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


async def mark_silent_dead(store: OwnerStore, owner: Owner, now: Callable[[], float]) -> None:
    """Mark owners as dead whose process is gone, or which have been silent for 30 s."""
    for other in await store.owners():
        if other.state is not OwnerState.LIVE or other.id == owner.id:
            continue
        is_gone = other.host == owner.host and not is_alive(other.pid)
        if is_gone or now() - other.heartbeat_at > SILENT_SECONDS:
            await store.mark_dead(other.id)


async def find_workers(store: OwnerStore, owner: Owner, now: Callable[[], float]) -> list[Owner]:
    """The live workers except `owner`; those found dead are marked as such."""
    await mark_silent_dead(store, owner, now)
    return [
        other
        for other in await store.owners()
        if other.role is Role.WORKER and other.state is OwnerState.LIVE and other.id != owner.id
    ]


async def find_orphans(store: SessionStore) -> list[Row]:
    """Live runs without a live owner: queued for any process, or left by a dead owner."""
    return await store.rows(Filter(orphaned=True))
