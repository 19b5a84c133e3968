"""Limits: what one command in a sandbox may use of the machine.

A tiny shell script sets them inside of the sandbox and becomes the command: neither Python's
`preexec_fn`, which may deadlock in a process with threads, nor a program that may be missing.
"""

from __future__ import annotations

import os
import platform
import re
import resource
from collections.abc import Sequence
from dataclasses import dataclass

from parallel_agents.core.command_limits import UNSAID_MEGABYTES, UNSAID_PROCESSES

_MEGABYTE = 2**20
_BLOCK = 512  # the unit of a shell's `ulimit -f`
_KILOBYTE = 1024
# Since then the processes of a sandbox are counted apart from all others of the user.
_COUNTED_APART = (5, 14)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of each command.

    Attributes:
        processes: processes and threads at once.
        memory: megabytes of data of each process.
        whole_memory: megabytes of all processes, with their files in memory, where that is bounded.
        file: megabytes of each file that it writes.
        open_files: open files of each process.
        scratch: megabytes of its /tmp, and of its home.
    """

    processes: int = UNSAID_PROCESSES
    memory: int = 4096
    whole_memory: int = UNSAID_MEGABYTES
    file: int = 1024
    open_files: int = 4096
    scratch: int = 512


def limited(limits: Limits, command: Sequence[str]) -> tuple[str, ...]:
    """The command behind a shell that sets the limits and becomes it."""
    wanted = [
        ("c", 0, 1, resource.RLIMIT_CORE),
        ("f", limits.file * _MEGABYTE, _BLOCK, resource.RLIMIT_FSIZE),
        ("d", limits.memory * _MEGABYTE, _KILOBYTE, resource.RLIMIT_DATA),
        ("n", limits.open_files, 1, resource.RLIMIT_NOFILE),
    ]
    script = [f"ulimit -{flag} {_within(most, kind) // unit}" for flag, most, unit, kind in wanted]
    if counts_apart():
        # It is -u in bash and -p in dash.
        processes = _within(limits.processes, resource.RLIMIT_NPROC)
        script.append(f"{{ ulimit -u {processes} || ulimit -p {processes}; }} 2>/dev/null")
    return ("/bin/sh", "-c", f'{" && ".join(script)} && exec "$@"', "sh", *command)


def limited_memory(megabytes: int, command: Sequence[str]) -> tuple[str, ...]:
    """The command behind a shell that limits the data of each process and becomes it."""
    most = _within(megabytes * _MEGABYTE, resource.RLIMIT_DATA) // _KILOBYTE
    return ("/bin/sh", "-c", f'ulimit -d {most} && exec "$@"', "sh", *command)


def counts_apart() -> bool:
    """Whether the kernel counts the processes of a sandbox apart from all others of the user."""
    return _kernel() >= _COUNTED_APART


def holds_number() -> bool:
    """Whether the kernel holds a sandbox to a number of processes without a cgroup; never one of root's."""
    return counts_apart() and os.getuid() != 0


def _within(most: int, kind: int) -> int:
    """A limit is never raised, which only a privileged process could do."""
    hard = resource.getrlimit(kind)[1]
    return most if hard == resource.RLIM_INFINITY else min(most, hard)


def _kernel() -> tuple[int, ...]:
    return tuple(int(part) for part in re.findall(r"\d+", platform.release())[:2])
