"""Cgroup: bounds the processes and the memory of a whole sandbox, where cgroups can be written.

That is so for root, in containers that allow it, and in a user's services under systemd. Without it
the bounds of each process hold; those of their number do not hold for root.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path("/sys/fs/cgroup")
_OWN = Path("/proc/self/cgroup")
_NAME = "pagents-"
_MEGABYTE = 2**20
# The file of each bound, in the second version of cgroups and in the first.
_PROCESSES = ("pids.max",)
_MEMORY = ("memory.max", "memory.limit_in_bytes")
_SWAP = ("memory.swap.max",)
_JOIN = 'for group in $0; do echo 0 > "$group/cgroup.procs" || exit 126; done; exec "$@"'
_numbers = itertools.count()


@dataclass(frozen=True, slots=True)
class Group:
    """The cgroups of one command; empty if it is in none."""

    folders: tuple[Path, ...] = ()

    def joined(self, command: Sequence[str]) -> list[str]:
        """The command behind a shell that joins the cgroups and becomes it."""
        if not self.folders:
            return list(command)
        return ["/bin/sh", "-c", _JOIN, " ".join(map(str, self.folders)), *command]

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
    for parent in parents:
        folder = parent / f"{_NAME}{os.getpid()}-{next(_numbers)}"
        with suppress(OSError):
            folder.mkdir()
            made.append(folder)
            _bound(folder, _PROCESSES, processes)
            _bound(folder, _MEMORY, memory * _MEGABYTE)
            _bound(folder, _SWAP, 0)
    return Group(tuple(made))


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


def _bound(folder: Path, names: Iterable[str], value: int) -> None:
    for name in names:
        if (file := folder / name).exists():
            file.write_text(str(value))
