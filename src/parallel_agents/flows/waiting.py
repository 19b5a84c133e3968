"""Waiting: the tasks of a flow's function that wait for a step, which end with the flow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, NoReturn

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 5.0


class Waiting:
    """The tasks that wait for steps of one flow's run."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[Any]] = set()
        self._told = False
        self.is_closed = False

    @contextmanager
    def noted(self) -> Generator[None]:
        """The current task waits for a step."""
        task = _current()
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def close(self) -> None:
        """Let no more tasks wait, and end those that the function left behind."""
        self.is_closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_SECONDS)

    async def end_task(self, step: str) -> NoReturn:
        """Cancel the current task, which asks for a step after the end of the flow.

        A loop that tries again whatever fails would catch any other error for ever.
        """
        if not self._told:
            self._told = True
            _log.warning(
                "the step %s was asked for after the end of its flow, and is left out; await all "
                "steps before the function returns",
                step,
            )
        await asyncio.sleep(0)  # a loop that catches even this lets others run
        raise asyncio.CancelledError


def _current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a step is asked for outside of a task")
    return task
