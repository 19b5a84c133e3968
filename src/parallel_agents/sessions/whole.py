"""Whole: a change of the store and what this process owes it, which no cancellation tears apart.

A run that was written and never handed to the engine would belong to a process that does not know of
it, and no other could take it over.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# A task that waits is referenced by nobody else once its caller has left.
_finishing: set[asyncio.Task[Any]] = set()


async def whole(work: Callable[[], Coroutine[Any, Any, T]]) -> T:
    """The result of `work()`; if the caller is cancelled meanwhile, the work is done again without it.

    Args:
        work: begins with its change of the store, and does no harm when it is repeated.
    """
    try:
        return await work()
    except asyncio.CancelledError:
        task = asyncio.create_task(work())
        _finishing.add(task)
        task.add_done_callback(_forget)
        raise


def _forget(task: asyncio.Task[Any]) -> None:
    _finishing.discard(task)
    if not task.cancelled():
        task.exception()  # nobody waits for it: the store, or the engine, has ended
