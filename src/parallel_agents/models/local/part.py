"""Part: a partly fetched model file, which any source can continue where another stopped."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path


class Part:
    """A file that grows; its size is all its state, and the pinned SHA-256 proves the whole."""

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0

    async def cut(self, size: int) -> None:
        """Keep the first `size` bytes."""
        if self.size > size:
            await _to_the_end(lambda: self._truncate(size))

    async def append(self, pieces: Iterable[bytes]) -> None:
        """Append the pieces; they are read and written in a thread."""
        await _to_the_end(lambda: self._write(pieces))

    def _truncate(self, size: int) -> None:
        with self.path.open("r+b") as file:
            file.truncate(size)

    def _write(self, pieces: Iterable[bytes]) -> None:
        with self.path.open("ab") as file:
            file.writelines(pieces)


def sha256(path: Path) -> str:
    """The hash in hexadecimal digits; blocks for about one second per gigabyte."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


async def _to_the_end(work: Callable[[], None]) -> None:
    """Run `work` in a thread, and wait for it even if the caller is cancelled.

    A thread cannot be stopped, and one that kept writing would corrupt the file of the lock's next
    holder. It writes the data of one wheel or a copy of one file, which takes a second or two.
    """
    writing = asyncio.ensure_future(asyncio.to_thread(work))
    try:
        await asyncio.shield(writing)
    except asyncio.CancelledError:
        await asyncio.wait([writing])
        raise
