"""Waiting: the tasks of a flow's function that wait for a step, which end with the flow."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import Any, NoReturn

from parallel_agents.core.async_use import called_at
from parallel_agents.errors import AsyncMisused
from parallel_agents.flows.made_tasks import MadeTasks

_log = logging.getLogger(__name__)

_GRACE_SECONDS = 5.0
_SHOWN = 5
_MOST_TURNS = 1000  # of the loop, for tasks that make others without end


class Waiting:
    """The tasks that wait for steps of one flow's run.

    Attributes:
        made: the tasks of its function, which may ask for steps once they begin.
    """

    def __init__(self) -> None:
        self.made = MadeTasks()
        self._tasks: dict[asyncio.Task[Any], tuple[str, str]] = {}
        self._late: dict[str, str] | None = None
        self._told = False
        self.is_closed = False

    @contextmanager
    def noted(self, step: str) -> Generator[None]:
        """The current task waits for a step."""
        task = _current()
        self._tasks[task] = (step, called_at())
        try:
            yield
        finally:
            self._tasks.pop(task, None)

    async def check_left(self) -> None:
        """Let no more tasks wait, and refuse that the function returned before steps that it called.

        Those of a task that it has cancelled are not waited for on purpose.

        Raises:
            AsyncMisused: it did.
        """
        self.is_closed = True
        left = dict(at for task, at in self._tasks.items() if not task.cancelling())
        self._late = {}
        turns = 0
        while self.made.are_unbegun() and turns < _MOST_TURNS:
            turns += 1
            await asyncio.sleep(0)
        left |= self._late
        self._late = None
        if left:
            raise _left_behind(left)

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
        if self._late is not None:
            self._late[step] = called_at()
        elif not self._told:
            self._told = True
            _log.warning(
                "the step %s was asked for after the end of its flow, and is left out; await all "
                "steps before the function returns",
                step,
            )
        await asyncio.sleep(0)  # a loop that catches even this lets others run
        raise asyncio.CancelledError


def _left_behind(steps: Mapping[str, str]) -> AsyncMisused:
    """The error for steps, each with the place of its call, that nobody waited for."""
    names = ", ".join([*steps][:_SHOWN]) + (" and others" if len(steps) > _SHOWN else "")
    places = [*dict.fromkeys(filter(None, steps.values()))][:_SHOWN]
    is_one = len(steps) == 1
    what, it = (
        (f"the step {names} was", "it was") if is_one else (f"the steps {names} were", "they were")
    )
    called = f"; {it} called in {'; '.join(places)}" if places else ""
    return AsyncMisused(
        f"{what} not awaited",
        why=f"the function returned before {'its end' if is_one else 'their end'}{called}",
        hint="write `await` before the call, or before the gather or the task that it is in; cancel a task "
        "that you need no more",
    )


def _current() -> asyncio.Task[Any]:
    task = asyncio.current_task()
    if task is None:
        raise RuntimeError("a step is asked for outside of a task")
    return task
