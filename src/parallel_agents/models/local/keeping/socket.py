"""Socket: where a keeper listens, in a folder that only its user can enter."""

from __future__ import annotations

import asyncio
import os
import shutil
import stat
import tempfile
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import NamedTuple, TypeAlias

from parallel_agents.files import make_private_folder
from parallel_agents.models.local.keeping.words import MOST_BYTES

Serve: TypeAlias = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

# What every system takes as the path of a socket, less its end: macOS takes 103 bytes.
_MOST_PATH_BYTES = 100
_OTHERS = 0o077


class Connection(NamedTuple):
    """A connection to a keeper."""

    reader: asyncio.StreamReader
    writer: asyncio.StreamWriter


@asynccontextmanager
async def listening(serve: Serve, beside: Path) -> AsyncGenerator[Path]:
    """Listen on a socket beside a file; in a temporary folder where its path would be too long.

    Yields the socket's path.

    Raises:
        OSError: no socket can be made.
    """
    socket = beside.with_suffix(".sock")
    if len(os.fsencode(socket)) <= _MOST_PATH_BYTES:
        make_private_folder(socket.parent)
        async with _serving(serve, socket):
            yield socket
        return
    folder = _make_short_folder()
    try:
        socket = folder / "s"
        async with _serving(serve, socket):
            yield socket
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def _serving(serve: Serve, socket: Path) -> AsyncGenerator[None]:
    # An `async with` of the server itself waits from Python 3.12 on until every client has hung up.
    with closing(await asyncio.start_unix_server(serve, str(socket), limit=MOST_BYTES)):
        yield


def _make_short_folder() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="pagents-"))
    if len(os.fsencode(folder / "s")) > _MOST_PATH_BYTES:
        folder.rmdir()
        folder = Path(tempfile.mkdtemp(prefix="pagents-", dir="/tmp"))
    return folder


async def connect(socket: Path) -> Connection | None:
    """A connection to a socket; None if nobody listens, or if others may enter its folder."""
    if not await asyncio.to_thread(_is_private, socket.parent):
        return None
    try:
        return Connection(*await asyncio.open_unix_connection(str(socket), limit=MOST_BYTES))
    except OSError:
        return None


def _is_private(folder: Path) -> bool:
    try:
        found = folder.stat()
    except OSError:
        return False
    return found.st_uid == os.geteuid() and not stat.S_IMODE(found.st_mode) & _OTHERS
