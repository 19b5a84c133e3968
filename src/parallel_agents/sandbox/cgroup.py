"""Cgroup: bounds the processes and the memory of a whole sandbox, where cgroups can be written.

That is so for root, in containers that allow it, and in a user's services under systemd. Without it
the bounds of each process hold; those of their number do not hold for root.
"""

from __future__ import annotations

import itertools
import os
import signal
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.core.command_limits import LimitName

ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_SWAPS = Path("/proc/swaps")
_NAME = "pagents-"
_MEGABYTE = 2**20
# The file of each bound, in the second version of cgroups and in the first.
_PROCESSES = ("pids.max",)
_MEMORY = ("memory.max", "memory.limit_in_bytes")
# What keeps a group from going on in the swap: of the first version, memory and swap together, or,
# where the kernel does not count swap, to use none.
_SWAP_MAX, _MEMORY_AND_SWAP, _SWAPPINESS = (
    "memory.swap.max",
    "memory.memsw.limit_in_bytes",
    "memory.swappiness",
)
# Where each bound is counted when it is hit, and under which name.
_COUNTS = {
    LimitName.PROCESSES: (("pids.events", "max"),),
    LimitName.MEMORY: (("memory.events", "oom_kill"), ("memory.oom_control", "oom_kill")),
}
_JOIN = 'for group in $0; do echo 0 > "$group/cgroup.procs" || exit 126; done; exec "$@"'
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Group:
    """The cgroups of a command, or of those of a session; empty if they are in none.

    Attributes:
        holds: the limits that they hold what is in them to.
    """

    folders: tuple[Path, ...] = ()
    holds: frozenset[LimitName] = frozenset()

    def joined(self, command: Sequence[str]) -> list[str]:
        """The command behind a shell that joins the cgroups and becomes it."""
        if not self.folders:
            return list(command)
        return ["/bin/sh", "-c", _JOIN, " ".join(map(str, self.folders)), *command]

    def hits(self, limit: LimitName) -> int:
        """How often a limit was hit: processes that were killed for their memory, or not started."""
        files = [folder / name for name, _ in _COUNTS[limit] for folder in self.folders]
        keys = {key for _, key in _COUNTS[limit]}
        return sum(_counted(file, keys) for file in files)

    def resize(self, processes: int) -> None:
        """Change how many processes it has room for."""
        for folder in self.folders:
            _write(folder, _PROCESSES, processes)

    def kill(self) -> None:
        """Kill every process that is left in it."""
        for folder in self.folders:
            with suppress(OSError):
                for process in map(int, (folder / "cgroup.procs").read_text().split()):
                    if process > 0:  # 0 is one of another namespace, and would be this process
                        with suppress(ProcessLookupError):
                            os.kill(process, signal.SIGKILL)

    @property
    def is_gone(self) -> bool:
        return not any(folder.exists() for folder in self.folders)

    def remove(self) -> None:
        for folder in self.folders:
            with suppress(OSError):
                folder.rmdir()


def writable_groups(root: Path = ROOT, own: Path = _OWN) -> tuple[Path, ...]:
    """The cgroups below which this process can make some that bound processes or memory.

    What processes that have ended left there is removed.
    """
    found = tuple(_usable(root, own))
    for parent in found:
        for left in parent.glob(f"{_NAME}*"):
            if not Path("/proc", left.name.split("-")[1]).exists():
                with suppress(OSError):
                    left.rmdir()
    return found


def make_group(parents: Iterable[Path], *, processes: int, memory: int) -> Group:
    """New cgroups below these, with room for `processes` and megabytes of `memory` in all."""
    made: list[Path] = []
    holds: set[LimitName] = set()
    for parent in parents:
        folder = parent / f"{_NAME}{os.getpid()}-{next(_numbers)}"
        with suppress(OSError):
            folder.mkdir()
            made.append(folder)
            holds |= bound(folder, processes=processes, memory=memory)
    return Group(tuple(made), frozenset(holds))


def bound(folder: Path, *, processes: int, memory: int) -> frozenset[LimitName]:
    """Bound a cgroup; return what it holds from now on."""
    taken = {
        LimitName.PROCESSES: _write(folder, _PROCESSES, processes),
        LimitName.MEMORY: _bound_memory(folder, memory * _MEGABYTE),
    }
    return frozenset(limit for limit, is_taken in taken.items() if is_taken)


def _usable(root: Path, own: Path) -> Iterator[Path]:
    for parent in _candidates(root, own):
        trial = parent / f"{_NAME}{os.getpid()}-{next(_numbers)}"
        try:
            trial.mkdir()
        except OSError:
            continue
        is_bounding = any((trial / name).exists() for name in (*_PROCESSES, *_MEMORY))
        with suppress(OSError):
            trial.rmdir()
        if is_bounding and " " not in str(parent):
            yield parent
            if parent.is_relative_to(root) and (root / "cgroup.controllers").exists():
                return


def _candidates(root: Path, own: Path) -> Iterator[Path]:
    """The process's own cgroups, then for the second version the one around it."""
    try:
        lines = own.read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return
    for line in lines:
        _, controllers, path = line.split(":", 2) if line.count(":") >= 2 else ("", "?", "")
        if not controllers:
            yield root / path.lstrip("/")
            yield (root / path.lstrip("/")).parent
        for controller in {"pids", "memory"} & set(controllers.split(",")):
            yield root / controller / path.lstrip("/")


def _bound_memory(folder: Path, size: int) -> bool:
    """Bound the memory of a group with its swap; return whether that holds."""
    if not _write(folder, _MEMORY, size):
        return False
    if (folder / _MEMORY_AND_SWAP).exists():
        return _write(folder, (_MEMORY_AND_SWAP,), size)
    if (folder / _SWAP_MAX).exists():
        return _write(folder, (_SWAP_MAX,), 0)
    return _write(folder, (_SWAPPINESS,), 0) or not _has_swap()


def _has_swap() -> bool:
    try:
        return len(_SWAPS.read_text().splitlines()) > 1
    except OSError:
        return False


def _write(folder: Path, names: Iterable[str], value: int) -> bool:
    """Write a bound to the one of these files that is there; return whether it was taken."""
    for name in names:
        if (file := folder / name).exists():
            try:
                file.write_text(str(value))
            except OSError:
                return False
            return True
    return False


def _counted(file: Path, keys: set[str]) -> int:
    """A count in a file of lines such as `max 3`; 0 if it cannot be read."""
    try:
        lines = [line.split() for line in file.read_text().splitlines()]
    except OSError:
        return 0
    return sum(int(line[1]) for line in lines if len(line) == 2 and line[0] in keys)
