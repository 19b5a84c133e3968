"""Ownership: which processes are alive, and the runs of those that have died.

A process of this machine is alive for as long as the kernel has it, however long it says nothing: it
may be stopped, swapped out or asleep. Of a process in another container only heartbeats are seen.
"""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from parallel_agents.clock import boot_id
from parallel_agents.core.ids import OwnerId, make_owner_id
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter, OwnerStore, SessionStore

HEARTBEAT_SECONDS = 2.0
SILENT_SECONDS = 30.0
# What a look adds at most to the silence of another process: who was stopped itself has heard nothing.
_MOST_OF_A_LOOK_SECONDS = 2 * HEARTBEAT_SECONDS


def this_process(role: Role, project: str = "") -> Owner:
    """This process as an owner."""
    pid = os.getpid()
    return Owner(
        id=make_owner_id(),
        host=_host(),
        pid=pid,
        role=role,
        boot=boot_id(),
        birth=_birth_of(pid) or 0,
        project=project,
    )


def _host() -> str:
    """The machine and, on Linux, where a process's number and its birth mean the same.

    The number is valid in a namespace of processes, and the kernel shows the birth as the reader's
    namespace of time has it. Who shares only one of them is elsewhere: heartbeats tell of it.
    """
    return " ".join(filter(None, (socket.gethostname(), *map(_namespace, ("pid", "time")))))


def _namespace(kind: str) -> str:
    try:
        return str(Path(f"/proc/self/ns/{kind}").readlink())
    except OSError:
        return ""


def is_alive(pid: int, birth: int = 0) -> bool:
    """Whether a process of this machine runs.

    A process that was killed and not yet reaped by its parent (a zombie) still has its number but
    does not run.

    Args:
        pid: the number of the process.
        birth: when it began, in the kernel's ticks; 0 if unknown. Another process may have got its
            number since.
    """
    if os.name != "posix":
        return True  # signal 0 is no probe there; silence tells
    state = _state_of(pid)
    if not state:
        return _takes_signals(pid)  # no such process, or not Linux
    return state[0] not in ("Z", "X") and birth in (0, _birth_in(state))


def _state_of(pid: int) -> list[str]:
    """The fields of proc(5) from the process's state on; none without such a process.

    None either if /proc shows the processes of another namespace: numbers mean others there.
    """
    try:
        if Path("/proc/self").readlink().name != str(os.getpid()):
            return []
        # The state follows the name in brackets, which may hold anything.
        return Path(f"/proc/{pid}/stat").read_text("utf-8", "replace").rpartition(")")[2].split()
    except OSError:
        return []


def _birth_in(state: list[str]) -> int:
    """`starttime`, field 22 of proc(5); the state is field 3."""
    return int(state[19])


def _birth_of(pid: int) -> int | None:
    state = _state_of(pid)
    return _birth_in(state) if state else None


def _takes_signals(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


# The owners that this process works for now. A kernel knows only the process, which may open several
# engines, and outlives one that failed.
working: set[OwnerId] = set()
if hasattr(os, "register_at_fork"):  # none of them works in a child process
    os.register_at_fork(after_in_child=working.clear)


class _Silence(NamedTuple):
    """What was last heard of a process, and for how long nothing since."""

    heartbeat_at: float
    looked_at: float
    seconds: float = 0.0


class DeathWatch:
    """Finds the processes that have died.

    No clock of another machine counts: a process elsewhere is dead once 30 s of looking have shown
    no new heartbeat, and the time for which this process did not look is not among them.

    Args:
        owner: this process.
    """

    def __init__(self, owner: Owner) -> None:
        self._owner = owner
        self._silences: dict[OwnerId, _Silence] = {}

    def dead_among(self, owners: Iterable[Owner], at: float) -> list[OwnerId]:
        """The owners that count as live and are dead; `at` is in seconds that this process was awake."""
        live = [other for other in owners if other.state is OwnerState.LIVE]
        return [other.id for other in live if other.id not in working and self._is_dead(other, at)]

    def is_heard(self, other: Owner, now: float) -> bool:
        """Whether a live owner can be relied on; `now` is the store's."""
        return self._is_near(other) or now - other.heartbeat_at <= SILENT_SECONDS

    def _is_near(self, other: Owner) -> bool:
        return other.host == self._owner.host

    def _is_dead(self, other: Owner, at: float) -> bool:
        if self._is_near(other):
            if other.boot and other.boot != self._owner.boot:
                return True  # the machine was started again
            is_this = (other.pid, other.birth) == (self._owner.pid, self._owner.birth)
            return is_this or not is_alive(other.pid, other.birth)
        last = self._silences.get(other.id)
        if last is None or last.heartbeat_at != other.heartbeat_at:
            self._silences[other.id] = _Silence(other.heartbeat_at, at)
            return False
        seconds = last.seconds + min(at - last.looked_at, _MOST_OF_A_LOOK_SECONDS)
        self._silences[other.id] = _Silence(other.heartbeat_at, at, seconds)
        return seconds > SILENT_SECONDS


async def mark_dead(store: OwnerStore, watch: DeathWatch) -> None:
    """Mark the owners whose process has died."""
    for owner in watch.dead_among(await store.owners(), asyncio.get_running_loop().time()):
        await store.mark_dead(owner)


async def find_workers(store: OwnerStore, owner: Owner, now: float) -> list[Owner]:
    """The live workers except `owner` that use its project folder; those found dead are marked."""
    watch = DeathWatch(owner)
    await mark_dead(store, watch)
    return [
        other
        for other in await store.owners()
        if other.role is Role.WORKER
        and other.state is OwnerState.LIVE
        and other.id != owner.id
        and other.project == owner.project
        and watch.is_heard(other, now)
    ]


async def find_orphans(store: SessionStore) -> list[Row]:
    """Live runs without a live owner: queued for any process, or left by a dead owner."""
    return await store.rows(Filter(orphaned=True))
