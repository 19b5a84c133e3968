"""Virtual time: an event loop on which waiting is instant, and waiting forever is an error.

When nothing is ready, the loop's clock jumps to the next timer. Code on this loop cannot wait for
anything outside of the process, such as a socket or a subprocess. It can wait for threads: the
clock stops while one works.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from types import CoroutineType
from typing import Any, TypeVar

from typing_extensions import TypeVarTuple, Unpack, override

from parallel_agents.core.arguments import checked

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

HOUR_SECONDS = 3600.0


class Deadlock(RuntimeError):
    """No task can ever proceed, or only timers have fired for a very long time."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time` starts at 0 and passes only while all tasks wait.

    Args:
        limit_seconds: the virtual time after which tasks that still wait count as deadlocked;
            otherwise a heartbeat would keep the loop running forever.
    """

    def __init__(self, limit_seconds: float = HOUR_SECONDS) -> None:
        self._jumps = _JumpingSelector(self._describe_tasks, limit_seconds)
        super().__init__(self._jumps)

    @override
    def time(self) -> float:
        return self._jumps.now

    @override
    def run_in_executor(
        self, executor: Executor | None, func: Callable[[Unpack[_Ts]], _T], *args: *_Ts
    ) -> asyncio.Future[_T]:
        future = super().run_in_executor(executor, func, *args)
        self._jumps.threads += 1
        future.add_done_callback(self._end_thread)
        return future

    def _end_thread(self, _: asyncio.Future[Any]) -> None:
        self._jumps.threads -= 1

    @override
    async def shutdown_default_executor(self, timeout: float | None = None) -> None:
        del timeout  # it would be virtual, and the threads end in real time
        self._jumps.threads += 1
        await super().shutdown_default_executor()
        self._jumps.threads -= 1

    def _describe_tasks(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        return "\n".join(f"  {task.get_name()} {_where(task.get_coro())}" for task in tasks)


def _where(awaited: object) -> str:
    """The innermost line where a coroutine waits."""
    where = ""
    while isinstance(awaited, CoroutineType) and awaited.cr_frame is not None:
        frame = awaited.cr_frame
        where = f"in {frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
        awaited = awaited.cr_await
    return where


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that advances the clock instead of waiting.

    Attributes:
        now: the virtual time.
        threads: the number of threads at work; it waits for them without a limit.
    """

    def __init__(self, describe_tasks: Callable[[], str], limit_seconds: float) -> None:
        super().__init__()
        self.now = 0.0
        self.threads = 0
        self._describe_tasks = describe_tasks
        self._limit_seconds = limit_seconds

    @override
    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout == 0:
            return super().select(0)
        if self.threads:
            return super().select(None)
        if timeout is None:
            raise Deadlock(f"all tasks are waiting and none can proceed:\n{self._describe_tasks()}")
        self.now += timeout
        if self.now > self._limit_seconds:
            raise Deadlock(f"still waiting after {self.now:g} s:\n{self._describe_tasks()}")
        return super().select(0)


@checked
def run_virtual(work: Coroutine[Any, Any, _T], *, limit_seconds: float = HOUR_SECONDS) -> _T:
    """Run `work` as `asyncio.run` does, on virtual time.

    Raises:
        Deadlock: it waits for something that cannot happen, or for longer than `limit_seconds`.
            The message lists the waiting tasks and where they wait.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(limit_seconds)) as runner:
        return runner.run(work)
