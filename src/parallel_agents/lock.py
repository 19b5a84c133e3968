"""Lock: one process at a time works on a file; the system releases the lock if its holder dies."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import BinaryIO

from parallel_agents.files import open_private

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> bool:
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except PermissionError:
            return False
        return True

else:
    import fcntl

    def _try_lock(descriptor: int) -> bool:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True


_POLL_SECONDS = 0.25


def _nothing() -> None: ...


@asynccontextmanager
async def hold(path: Path, *, on_wait: Callable[[], None] = _nothing) -> AsyncGenerator[int]:
    """Hold the lock file `path`, and call `on_wait` repeatedly while another process holds it.

    There is no deadline: a holder that dies releases the lock, and the caller can be cancelled.
    Yields the open file's descriptor: a child that inherits it holds the lock until it closes it.
    """
    with _open(path) as file:
        while not _try_lock(file.fileno()):
            on_wait()
            await asyncio.sleep(_POLL_SECONDS)
        yield file.fileno()


@contextmanager
def hold_nowait(path: Path) -> Generator[bool]:
    """Hold the lock file `path` unless another process holds it; yields whether it is held."""
    with _open(path) as file:
        yield _try_lock(file.fileno())


def is_held(path: Path) -> bool:
    """Whether a process holds the lock file `path`, which is not made if it is not there."""
    if not path.exists():
        return False
    try:
        with hold_nowait(path) as is_free:
            return not is_free
    except OSError:  # a home that this process cannot write to
        return False


def _open(path: Path) -> BinaryIO:
    return open_private(path)
