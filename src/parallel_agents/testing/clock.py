"""Virtual time: an event loop on which waiting takes none, and waiting for ever is an error.

When nothing is ready, the loop's clock jumps to the next timer. Nothing outside of the process
can be waited for on such a loop: no socket, no subprocess. Threads can be: time stands still
while one works.
"""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from concurrent.futures import Executor
from types import CoroutineType
from typing import Any, TypeVar

from typing_extensions import TypeVarTuple, Unpack, override

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

HOUR_SECONDS = 3600.0


class Deadlock(RuntimeError):
    """Nothing can happen any more, or nothing but timers has happened for very long."""


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop whose `time` begins at 0 and passes only when all tasks wait for it.

    Args:
        limit_seconds: virtual time after which whoever still waits is taken to wait for ever; a
            heartbeat alone would otherwise go on without end.
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
        del timeout  # it would be virtual, and what is waited for is a thread that ends
        self._jumps.threads += 1
        await super().shutdown_default_executor()
        self._jumps.threads -= 1

    def _describe_tasks(self) -> str:
        tasks = sorted(asyncio.all_tasks(self), key=lambda task: task.get_name())
        return "\n".join(f"  {task.get_name()} {_where(task.get_coro())}" for task in tasks)


def _where(awaited: object) -> str:
    """The innermost line at which a coroutine waits."""
    where = ""
    while isinstance(awaited, CoroutineType) and awaited.cr_frame is not None:
        frame = awaited.cr_frame
        where = f"in {frame.f_code.co_qualname} ({frame.f_code.co_filename}:{frame.f_lineno})"
        awaited = awaited.cr_await
    return where


class _JumpingSelector(selectors.DefaultSelector):
    """A selector that lets time jump instead of waiting for it.

    Attributes:
        now: the time.
        threads: how many are at work; they are waited for as long as it takes.
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
            raise Deadlock(f"everybody waits and nothing can happen:\n{self._describe_tasks()}")
        self.now += timeout
        if self.now > self._limit_seconds:
            raise Deadlock(f"still waiting after {self.now:g} s:\n{self._describe_tasks()}")
        return super().select(0)


def run_virtual(work: Coroutine[Any, Any, _T], *, limit_seconds: float = HOUR_SECONDS) -> _T:
    """Run `work` as `asyncio.run` does, on virtual time.

    Raises:
        Deadlock: it waits for what can not happen, or for longer than `limit_seconds`; the text
            lists the tasks that wait, and where.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(limit_seconds)) as runner:
        return runner.run(work)
