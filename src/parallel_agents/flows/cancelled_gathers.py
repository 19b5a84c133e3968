"""Cancelled gathers: one that nobody awaits is no error, as any other future that was cancelled is none.

asyncio gives a gather that was cancelled an exception in place of the state (python/cpython#85071), and has the
loop report it once the gather is gone. A flow that ends before a gather of its steps cancels them. Nothing but
the loop knows such a gather, so its handler leaves them out while flows are executed on it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any, TypeAlias

_Context: TypeAlias = dict[str, Any]  # as asyncio has it
_Handler: TypeAlias = Callable[[asyncio.AbstractEventLoop, _Context], object]


@contextmanager
def left_out() -> Generator[None]:
    """The running loop reports none while the block lasts, and everything else as before.

    The program's handler is put back by the last of such blocks, unless the program has set another meanwhile.
    """
    loop = asyncio.get_running_loop()
    handler = loop.get_exception_handler()
    if not isinstance(handler, _WithoutGathers):
        handler = _WithoutGathers(handler)
        loop.set_exception_handler(handler)
    handler.blocks += 1
    try:
        yield
    finally:
        handler.blocks -= 1
        if not handler.blocks and loop.get_exception_handler() is handler:
            loop.set_exception_handler(handler.otherwise)


class _WithoutGathers:
    """Reports what a loop found, unless it is a gather that was cancelled."""

    def __init__(self, otherwise: _Handler | None) -> None:
        self.otherwise = otherwise
        self.blocks = 0

    def __call__(self, loop: asyncio.AbstractEventLoop, context: _Context) -> None:
        is_of_future = isinstance(context.get("future"), asyncio.Future)
        if is_of_future and isinstance(context.get("exception"), asyncio.CancelledError):
            return
        if self.otherwise is None:
            loop.default_exception_handler(context)
        else:
            self.otherwise(loop, context)
