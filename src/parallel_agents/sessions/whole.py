"""Whole: work of two halves, which a caller that is cancelled in between does not tear apart.

What a change of the store promises has to be kept by this process, and nobody else would know of it.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

# A task that waits is referenced by nobody else once its caller has left.
_at_work: set[asyncio.Task[Any]] = set()


async def whole(work: Coroutine[Any, Any, T]) -> T:
    """The result of `work`, which comes to its end even if the caller is cancelled meanwhile."""
    task = asyncio.create_task(work)
    _at_work.add(task)
    task.add_done_callback(_at_work.discard)
    return await asyncio.shield(task)
