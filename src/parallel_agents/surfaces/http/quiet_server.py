"""Quiet server: uvicorn that leaves signals and the log to the command, and says once what would fill a log."""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

import uvicorn
from typing_extensions import override

_log = logging.getLogger(__name__)
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})
_SILENT_SECONDS = 60.0
# What asyncio says of each client that leaves in the middle of a stream.
_OF_THOSE_WHO_LEFT = "socket.send() raised exception."
_Context: TypeAlias = dict[str, Any]  # as asyncio has it


class QuietServer(uvicorn.Server):
    """A server that leaves signals and the log to the command."""

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_Exhaustion(loop.get_exception_handler()))
        logging.getLogger("asyncio").addFilter(is_news)
        await super().startup(sockets)


def is_news(record: logging.LogRecord) -> bool:
    """Whether a record of asyncio tells whoever serves something."""
    return record.msg != _OF_THOSE_WHO_LEFT


class _Exhaustion:
    """Says once a minute that no connection can be accepted, which asyncio says for each one, with a trace."""

    def __init__(
        self, otherwise: Callable[[asyncio.AbstractEventLoop, _Context], object] | None
    ) -> None:
        self._otherwise = otherwise
        self._told_at = -_SILENT_SECONDS

    def __call__(self, loop: asyncio.AbstractEventLoop, context: _Context) -> None:
        error = context.get("exception")
        if not isinstance(error, OSError) or error.errno not in _EXHAUSTED:
            if self._otherwise is None:
                loop.default_exception_handler(context)
            else:
                self._otherwise(loop, context)
            return
        if loop.time() >= self._told_at + _SILENT_SECONDS:
            self._told_at = loop.time()
            _log.warning("no connection is accepted: %s; `ulimit -n` allows more", error.strerror)
