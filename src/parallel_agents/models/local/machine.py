"""Machine: what this computer can spare, and how the embedded model is run on it."""

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
# What the server takes beside the file, at the least: caches of the slots and room to compute.
_BESIDE_FILE_BYTES = 700_000_000


@dataclass(frozen=True, slots=True)
class Machine:
    """CPUs that this process may use, and memory that it may take; None where nobody says."""

    cpus: int
    available_bytes: int | None


@dataclass(frozen=True, slots=True)
class Plan:
    """How the server is started.

    Attributes:
        slots: calls served at once.
        repack: lay the weights out anew: a fifth faster, for about 0.5 GB more memory.
    """

    slots: int
    threads: int
    repack: bool


def look() -> Machine:
    """What this computer has now."""
    if sys.platform == "linux":
        return Machine(len(os.sched_getaffinity(0)), _available_bytes(Path("/proc/meminfo")))
    return Machine(os.cpu_count() or 1, None)


def choose_slots(machine: Machine) -> int:
    """Two on most machines: more slots share the same speed and each reads the prompt anew."""
    if machine.available_bytes is not None and machine.available_bytes < 3 * GB:
        return 1
    return 4 if machine.cpus >= _MANY_CPUS else 2


def make_plan(machine: Machine, *, slots: int, file_bytes: int) -> Plan:
    """How to run a model file of this size here.

    Raises:
        LocalModelError: too little memory is available.
    """
    available = machine.available_bytes
    needed = file_bytes + _BESIDE_FILE_BYTES
    if available is not None and available < needed:
        raise LocalModelError(
            f"the embedded model needs {needed / GB:.1f} GB of memory",
            why=f"{available / GB:.1f} GB are available",
            hint="close other programs, or use a provider: `--model provider/model` with its key",
        )
    return Plan(
        slots=slots,
        threads=min(_MOST_THREADS, machine.cpus),
        repack=available is None or available >= 4 * GB,
    )


def _available_bytes(meminfo: Path) -> int | None:
    """`MemAvailable` of Linux's proc(5), which counts in units of 1,024 bytes."""
    try:
        lines = meminfo.read_text().splitlines()
    except OSError:
        return None
    for line in lines:
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return None
