"""Listener tasks: each listener is a task, and all of them end with the block that they were begun in."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self

from parallel_agents.core.event_store import Unsubscribe


class ListenerTasks:
    """The base of who listens for as long as its `async with` block lasts; its tasks raise nothing."""

    def __init__(self) -> None:
        self._group = asyncio.TaskGroup()
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self._group.__aenter__()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for task in self._tasks:
            task.cancel()
        # The error of the block belongs to whose block it is.
        await self._group.__aexit__(None, None, None)

    def _begin(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = self._group.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def stopping(task: asyncio.Task[None]) -> Unsubscribe:
    """What ends the task of one listener."""

    def stop() -> None:
        task.cancel()

    return stop
