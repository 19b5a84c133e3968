"""What happens again and again is said once, and everything else as before."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from parallel_agents.surfaces.http.quiet_server import QuietServer


async def never(scope: Scope, receive: Receive, send: Send) -> None:
    raise AssertionError((scope, receive, send))


async def test_a_process_without_files_left_says_so_once_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    loop = asyncio.get_running_loop()
    server = QuietServer(uvicorn.Config(never, lifespan="off", log_config=None))
    server.config.load()
    server.lifespan = server.config.lifespan_class(server.config)
    with socket.create_server(("127.0.0.1", 0)) as bound:
        await server.startup([bound])
        caplog.set_level(logging.WARNING)
        full = {"message": "m", "exception": OSError(errno.EMFILE, "Too many open files")}
        for _ in range(3):
            loop.call_exception_handler(full)
        for text in ("socket.send() raised exception.", "told"):
            logging.getLogger("asyncio").warning(text)
        await asyncio.sleep(61)
        loop.call_exception_handler(full)
        loop.call_exception_handler({"message": "something else"})
        await server.shutdown([bound])

    told = [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING]
    assert [text.partition(";")[0] for text in told] == [
        "no connection is accepted: Too many open files",
        "told",
        "no connection is accepted: Too many open files",
        "something else",
    ]
