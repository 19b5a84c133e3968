"""Starting: a process group that is begun as a whole or not at all."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import TypeVar

T = TypeVar("T")


async def started(start: Coroutine[None, None, T], end: Callable[[T], Awaitable[None]]) -> T:
    """What a start gives; if the caller is cancelled meanwhile, `end` has ended what was started.

    Without this, asyncio ends the process alone, which may have begun others by then.
    """
    starting = asyncio.create_task(start)
    try:
        return await asyncio.shield(starting)
    except asyncio.CancelledError:
        while not starting.done():
            with suppress(asyncio.CancelledError):
                await asyncio.wait((starting,))
        if not starting.cancelled() and starting.exception() is None:
            await end(starting.result())
        raise
