"""Sweeping: what an engine looks after at its heartbeats, since it need not be timed exactly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from typing import TypeAlias

from parallel_agents.engines.live_run import ends_more_than_a_run
from parallel_agents.errors import StoreError

Sweep: TypeAlias = Callable[[], Coroutine[None, None, None]]
_log = logging.getLogger(__name__)


class Sweeping:
    """Calls each sweep again and again, once its call before has ended; none waits for another."""

    def __init__(self, sweeps: Sequence[Sweep]) -> None:
        self._sweeps = sweeps
        self._tasks: dict[int, asyncio.Task[None]] = {}

    def begin(self, group: asyncio.TaskGroup, fail: Callable[[StoreError], None]) -> None:
        """Begin a call of each that has none under way; `fail` is told if the store fails."""
        for number, sweep in enumerate(self._sweeps):
            task = self._tasks.get(number)
            if task is None or task.done():
                self._tasks[number] = group.create_task(_call(sweep, fail))

    def cancel(self) -> None:
        for task in self._tasks.values():
            task.cancel()


async def _call(sweep: Sweep, fail: Callable[[StoreError], None]) -> None:
    try:
        await sweep()
    except StoreError as error:
        fail(error)
    except Exception as bug:  # the edge of what no run depends on
        if ends_more_than_a_run(bug):
            raise
        _log.exception("looking after the work failed")
