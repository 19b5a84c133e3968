"""Clock: the one source of time, because each question about time needs a clock of its own.

- `wall` is what people read. It steps when somebody sets it, so nothing durable is measured by it.
- `steady` counts seconds since the machine was started, including the time for which it sleeps. No
  setting of the wall clock moves it, and all processes of the machine read the same number
  (CLOCK_BOOTTIME).
- `awake` does not count the machine's sleep (CLOCK_MONOTONIC); an event loop's time limits use it.

A store keeps times as seconds since 1970 on a clock of its own: `steady` plus an offset that all of
its processes share, so that heartbeats, pauses and ages agree in all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path

_BOOT_ID = Path("/proc/sys/kernel/random/boot_id")

wall = time.time
awake = time.monotonic


def _steady() -> Callable[[], float]:
    boottime: int | None = getattr(time, "CLOCK_BOOTTIME", None)
    if boottime is None:
        return time.monotonic  # on macOS it counts sleep as well
    return partial(time.clock_gettime, boottime)


steady = _steady()


@cache
def boot_id() -> str:
    """A name of this start of the machine; empty where the system has none."""
    try:
        return _BOOT_ID.read_text("ascii").strip()
    except OSError:
        return ""


def anchored(offset: float) -> Callable[[], float]:
    """A clock that shows `steady` plus an offset."""
    return lambda: steady() + offset


def of_this_process() -> Callable[[], float]:
    """Seconds since 1970 as the wall clock shows them now, without its later steps."""
    return anchored(wall() - steady())
