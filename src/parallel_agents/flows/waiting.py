"""Waiting: the tasks of a flow's function that wait for a step, which end with the flow."""

from __future__ import annotations

import asyncio
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from parallel_agents.errors import RunIsOver

_GRACE_SECONDS = 5.0


class Waiting:
    """The tasks that wait for steps of one flow's run."""

    def __init__(self) -> None:
        self._is_closed = False
        self._tasks: set[asyncio.Task[Any]] = set()

    @contextmanager
    def noted(self, step: str) -> Generator[None]:
        """The current task waits for this step.

        Raises:
            RunIsOver: the function has ended.
        """
        if self._is_closed:
            raise RunIsOver(
                f"the step {step} was asked for after the end of its flow",
                hint="await all steps before the function returns",
            )
        task = asyncio.current_task()
        if task is None:
            raise RuntimeError("a step is asked for outside of a task")
        self._tasks.add(task)
        try:
            yield
        finally:
            self._tasks.discard(task)

    async def close(self) -> None:
        """Let no more tasks wait, and end those that the function left behind."""
        self._is_closed = True
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_GRACE_SECONDS)
