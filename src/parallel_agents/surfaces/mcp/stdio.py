"""Stdio: serve the client that started this process, until it closes stdin or the server stops."""

from __future__ import annotations

import asyncio
import os
import select
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any, BinaryIO

import anyio
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server

from parallel_agents.errors import OutputLost

_PIECE = 65536


async def serve_stdio(server: Server[dict[str, Any]], stop: asyncio.Event) -> None:
    """Serve on stdin and stdout; other output goes to stderr meanwhile."""
    try:
        async with (
            _stdin_until(stop) as lines,
            stdio_server(stdin=lines) as (incoming, outgoing),
        ):
            await server.run(incoming, outgoing, server.create_initialization_options())
    except* (BrokenPipeError, OutputLost):
        pass  # a dead client reads no answers: the end, but no error


@asynccontextmanager
async def _stdin_until(stop: asyncio.Event) -> AsyncGenerator[anyio.AsyncFile[str]]:
    """Stdin as lines, which also end when `stop` is set.

    A read of stdin itself cannot be interrupted: its thread would keep the process alive until the
    client's next line.
    """
    read, write = os.pipe()
    woken, waker = os.pipe()
    forwarding = asyncio.to_thread(
        _forward, sys.stdin.fileno(), os.fdopen(woken, "rb", 0), os.fdopen(write, "wb", 0)
    )

    async def wake() -> None:
        await stop.wait()
        with suppress(BrokenPipeError):  # stdin has ended before
            os.write(waker, b"!")

    async with asyncio.TaskGroup() as group:
        group.create_task(forwarding)
        group.create_task(wake())
        try:
            with os.fdopen(read, encoding="utf-8", errors="replace") as lines:
                yield anyio.wrap_file(lines)
        finally:
            stop.set()
    os.close(waker)


def _forward(source: int, woken: BinaryIO, sink: BinaryIO) -> None:
    """Forward bytes until the source ends or somebody writes to the other end of `woken`."""
    with suppress(BrokenPipeError), woken, sink:
        waits = select.poll()
        waits.register(source, select.POLLIN)
        waits.register(woken, select.POLLIN)
        while True:
            ready = {descriptor for descriptor, _ in waits.poll()}
            piece = b"" if woken.fileno() in ready else os.read(source, _PIECE)
            if not piece:
                return
            sink.write(piece)
