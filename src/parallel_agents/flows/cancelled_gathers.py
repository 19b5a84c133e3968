"""Cancelled gathers: one that nobody awaits is no error, as any other future that was cancelled is none.

asyncio gives a gather that was cancelled an exception in place of the state (python/cpython#85071), and prints it
with a traceback once the gather is gone. A flow that ends before a gather of its steps cancels them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any, TypeAlias

_Context: TypeAlias = dict[str, Any]  # as asyncio has it
_Handler: TypeAlias = Callable[[asyncio.AbstractEventLoop, _Context], object]


def leave_out(loop: asyncio.AbstractEventLoop) -> None:
    """Have the loop report none, and everything else as before, for as long as it is there."""
    handler: _Handler | None = loop.get_exception_handler()
    if not isinstance(handler, _WithoutGathers):
        loop.set_exception_handler(_WithoutGathers(handler))


class _WithoutGathers:
    """Reports what a loop found, unless it is a gather that was cancelled."""

    def __init__(self, otherwise: _Handler | None) -> None:
        self._otherwise = otherwise

    def __call__(self, loop: asyncio.AbstractEventLoop, context: _Context) -> None:
        is_of_future = isinstance(context.get("future"), asyncio.Future)
        if is_of_future and isinstance(context.get("exception"), asyncio.CancelledError):
            return
        if self._otherwise is None:
            loop.default_exception_handler(context)
        else:
            self._otherwise(loop, context)
