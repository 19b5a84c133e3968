"""Concurrent calls: the calls of one turn, executed at the same time, of which one may end all."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Sequence
from typing import TypeVar

from parallel_agents.errors import Stopping

T = TypeVar("T")


async def concurrently(calls: Sequence[Coroutine[None, None, T]]) -> list[T]:
    """The results of the calls; an error of one cancels the others.

    Raises:
        Stopping: one would have begun to wait while this process stops; the others have ended.
    """
    if len(calls) == 1:
        return [await calls[0]]
    refusals: list[Stopping] = []

    async def ended(call: Coroutine[None, None, T]) -> T | None:
        try:
            return await call
        except Stopping as refusal:
            refusals.append(refusal)
            return None

    try:
        async with asyncio.TaskGroup() as group:
            tasks = [group.create_task(ended(call)) for call in calls]
    except BaseExceptionGroup as errors:
        raise errors.exceptions[0] from None  # callers know single errors, not groups
    if refusals:
        raise refusals[0]
    return [result for task in tasks if (result := task.result()) is not None]
