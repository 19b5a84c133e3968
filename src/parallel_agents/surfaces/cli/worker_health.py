"""Worker health: a file that a worker renews while its loop and its store answer, for whoever restarts it."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from parallel_agents._version import __version__
from parallel_agents.errors import HealthFileTaken
from parallel_agents.files import write_whole
from parallel_agents.lock import hold_nowait
from parallel_agents.views import format

HEALTH_NAME = "worker-health.json"


class WorkerState(StrEnum):
    """`working` takes what is queued, `stopping` starts nothing new."""

    WORKING = "working"
    STOPPING = "stopping"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerHealth:
    """What a worker says of itself.

    Attributes:
        calls: the calls in flight of this worker.
        unfinished: the runs in the store that have not ended, whoever executes them.
        left: those that nobody executes, and that this worker cannot.
    """

    state: WorkerState
    calls: int
    unfinished: int
    left: int

    def brief(self) -> str:
        """One line, for `systemctl status`."""
        return f"{self.state}; calls in flight: {self.calls}, unfinished runs: {self.unfinished}"


@dataclass(frozen=True, slots=True)
class HealthFile:
    """A file that is there while a worker works, and no older than its last sign of life."""

    path: Path
    home: Path

    async def write(self, health: WorkerHealth) -> None:
        """Renew the file.

        Raises:
            InvalidInput: it cannot be written.
        """
        document = {
            "schema": "pagents.worker/1",
            "as_of": format.iso(time.time()),
            "state": health.state,
            "pid": os.getpid(),
            "version": __version__,
            "home": str(self.home),
            "calls_in_flight": health.calls,
            "runs_unfinished": health.unfinished,
            "runs_left": health.left,
        }
        await asyncio.to_thread(write_whole, self.path, orjson.dumps(document) + b"\n")


@contextmanager
def kept_health_file(path: Path, home: Path) -> Generator[HealthFile]:
    """A health file for this process alone; it is gone at the end of the block.

    Raises:
        HealthFileTaken: another worker keeps this file.
        InvalidInput: it cannot be written.
    """
    with hold_nowait(path.with_name(f"{path.name}.lock")) as is_held:
        if not is_held:
            raise HealthFileTaken(
                f"another worker keeps the health file {path}",
                why="a service runs on this home already, and one is enough",
                hint="stop that one first, or name another file with --health-file",
            )
        try:
            yield HealthFile(path, home)
        finally:
            with suppress(OSError):
                path.unlink(missing_ok=True)
