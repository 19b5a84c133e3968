"""Sweeping: what an engine looks after at its heartbeats, since it need not be timed exactly."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine
from typing import TypeAlias

from parallel_agents.engines.live_run import ends_more_than_a_run
from parallel_agents.errors import StoreError

Sweep: TypeAlias = Callable[[], Coroutine[None, None, None]]
_log = logging.getLogger(__name__)


class Sweeping:
    """Calls a sweep again and again, each call once the one before it has ended."""

    def __init__(self, sweep: Sweep | None) -> None:
        self._sweep = sweep
        self._task: asyncio.Task[None] | None = None

    def begin(self, group: asyncio.TaskGroup, fail: Callable[[StoreError], None]) -> None:
        """Begin a call, unless one is under way; `fail` is told if the store fails."""
        if self._sweep is not None and (self._task is None or self._task.done()):
            self._task = group.create_task(_call(self._sweep, fail))

    def cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


async def _call(sweep: Sweep, fail: Callable[[StoreError], None]) -> None:
    try:
        await sweep()
    except StoreError as error:
        fail(error)
    except Exception as bug:  # the edge of what no run depends on
        if ends_more_than_a_run(bug):
            raise
        _log.exception("looking after the work failed")
