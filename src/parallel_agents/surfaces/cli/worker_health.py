"""Worker health: a file that a worker renews while its loop and its store answer, for whoever restarts it."""

from __future__ import annotations

import asyncio
import os
import stat
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

import orjson

from parallel_agents._version import __version__
from parallel_agents.errors import HealthFileTaken, InvalidInput
from parallel_agents.files import write_whole
from parallel_agents.lock import hold_nowait
from parallel_agents.views import format

HEALTH_NAME = "worker-health.json"
_SCHEMA = "pagents.worker/1"
_BEGINNING = b'{"schema":"%s"' % _SCHEMA.encode()


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
            "schema": _SCHEMA,
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

    Whatever else is at its place is neither replaced nor removed.

    Raises:
        HealthFileTaken: another worker keeps this file.
        InvalidInput: it cannot be written, or something else is there.
    """
    with ExitStack() as stack:
        try:
            _check(path)
            lock = hold_nowait(path.with_name(f"{path.name}.lock"))
            is_held = stack.enter_context(lock)
        except OSError as error:
            raise InvalidInput(
                f"the health file {path} cannot be written",
                why=error.strerror or str(error),
                hint="name a file in a folder that you may write to with --health-file",
            ) from error
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
                if _is_ours(path):
                    path.unlink()


def _check(path: Path) -> None:
    """Refuse a place where something is that no worker wrote."""
    if os.path.lexists(path) and not _is_ours(path):
        raise InvalidInput(
            f"{path} is not a health file",
            why="no worker wrote what is there, and it would be replaced and removed",
            hint="name another file with --health-file",
        )


def _is_ours(path: Path) -> bool:
    """Whether a worker wrote the file; a link or a device is never ours."""
    if not stat.S_ISREG(path.lstat().st_mode):
        return False
    with path.open("rb") as file:
        return file.read(len(_BEGINNING)) == _BEGINNING
