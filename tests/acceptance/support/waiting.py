"""Waiting for a condition, and whether a process runs."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

# Not how long something takes, but when a test gives up: a loaded machine is slow.
PATIENCE_SECONDS = 60.0


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and that nobody asked about yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("utf-8").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter while it is read
        return False


def wait_until(condition: Callable[[], bool], seconds: float = PATIENCE_SECONDS) -> None:
    """Return once the condition holds, looked at a hundred times a second; else fail."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
