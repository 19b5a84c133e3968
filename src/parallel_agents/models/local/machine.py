"""Machine: the CPUs and memory of this computer, and how to run the embedded model on it."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path

from parallel_agents.errors import LocalModelError

GB = 1_000_000_000
CONTEXT_TOKENS = 4096
_MOST_THREADS = 8
_MANY_CPUS = 8
# The least memory that the server needs on top of the file: the caches of its slots and buffers.
_OVERHEAD_BYTES = 700_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """The CPUs and the memory available to this process; None if the memory is unknown."""

    cpus: int
    available_bytes: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How to start the server.

    Attributes:
        slots: calls served at once.
        repack: whether to rearrange the weights, which is 20 % faster but takes 0.5 GB more memory.
    """

    slots: int
    threads: int
    repack: bool


def detect() -> Machine:
    """The machine as it is now."""
    if sys.platform == "linux":
        return Machine(len(os.sched_getaffinity(0)), _available_bytes(Path("/proc/meminfo")))
    return Machine(os.cpu_count() or 1, None)


def choose_slots(machine: Machine) -> int:
    """Choose two on most machines: more share the same speed, and each must read the prompt."""
    if machine.available_bytes is not None and machine.available_bytes < 3 * GB:
        return 1
    return 4 if machine.cpus >= _MANY_CPUS else 2


def make_plan(machine: Machine, *, slots: int, file_bytes: int) -> Plan:
    """Plan how to run a model file of this size on the machine.

    Raises:
        LocalModelError: too little memory is available.
    """
    available = machine.available_bytes
    needed = file_bytes + _OVERHEAD_BYTES
    if available is not None and available < needed:
        raise LocalModelError(
            f"the embedded model needs {needed / GB:.1f} GB of memory",
            why=f"{available / GB:.1f} GB is available",
            hint="close other programs, or use a provider that you have a key for: --model provider/model, in Python model=",
        )
    return Plan(
        slots=slots,
        threads=min(_MOST_THREADS, machine.cpus),
        repack=available is None or available >= 4 * GB,
    )


def _available_bytes(meminfo: Path) -> int | None:
    """`MemAvailable` from Linux's proc(5), which counts in units of 1,024 bytes."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None
