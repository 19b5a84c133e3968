"""Opened: what is opened in a thread is closed again if its caller is cancelled meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


async def open_in_thread(make: Callable[[], T], close: Callable[[T], object]) -> T:
    """What `make` opens; a cancellation waits for it, and has it closed, since nobody else could."""
    opening = asyncio.create_task(asyncio.to_thread(make))
    try:
        return await asyncio.shield(opening)
    except asyncio.CancelledError:
        await asyncio.wait({opening})
        if opening.exception() is None:
            close(opening.result())
        raise
