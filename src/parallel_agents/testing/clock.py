"""Virtual time: an event loop on which waiting is instant, and waiting forever is an error.

When nothing is ready, the loop's clock jumps to the next timer. Code on this loop cannot wait for
anything outside of the process, such as a socket or a subprocess. It can wait for threads: the
clock stops while one works.
"""

from __future__ import annotations

import asyncio
import gc
import selectors
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import Executor
from pathlib import Path
from types import AsyncGeneratorType, CoroutineType, FrameType, GeneratorType
from typing import Any, TypeVar

from typing_extensions import TypeVarTuple, Unpack, override

from parallel_agents.core.arguments import checked

_T = TypeVar("_T")
_Ts = TypeVarTuple("_Ts")

HOUR_SECONDS = 3600.0
_ASYNCIO = str(Path(asyncio.__file__).parent)
_PACKAGE = str(Path(__file__).parents[1])
_SUSPENDED = (CoroutineType, GeneratorType, AsyncGeneratorType)
# The frame of each of these, and what it awaits.
_NAMES = (("cr_frame", "cr_await"), ("gi_frame", "gi_yieldfrom"), ("ag_frame", "ag_await"))


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
    """The innermost line of the program where a coroutine waits, and what that line waits in.

    A task of this package has no line of the program, and is shown by its own.
    """
    frames = list(_frames(awaited))
    if not frames:
        return ""
    ours = [frame for frame in frames if not frame.f_code.co_filename.startswith(_ASYNCIO)]
    programs = [frame for frame in ours if not frame.f_code.co_filename.startswith(_PACKAGE)]
    frame = (programs or ours or frames)[-1]
    code = frame.f_code
    where = f"in {code.co_qualname} ({code.co_filename}:{frame.f_lineno})"
    inner = frames[-1] if frame in ours[-1:] else (ours or frames)[-1]
    return where if frame is inner else f"{where}, at {inner.f_code.co_qualname}"


def _frames(awaited: object) -> Iterator[FrameType]:
    """The frames of a suspended coroutine and of all that it awaits, the innermost last."""
    while awaited is not None:
        frame, awaited = _step(awaited)
        if frame is not None:
            yield frame


def _step(awaited: object) -> tuple[FrameType | None, object]:
    """The frame of something awaited, and what it awaits."""
    for frame, inner in _NAMES:
        if hasattr(awaited, frame):
            return getattr(awaited, frame), getattr(awaited, inner)
    # Only the collector knows what the wrappers of `__await__` and `anext` are around.
    around: list[object] = [] if isinstance(awaited, asyncio.Future) else gc.get_referents(awaited)
    return None, next((each for each in around if type(each) in _SUSPENDED), None)


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
            waited = f"{self.now:g} s, and limit_seconds is {self._limit_seconds:g}"
            raise Deadlock(f"still waiting after {waited}:\n{self._describe_tasks()}")
        return super().select(0)


@checked
def run_virtual(work: Coroutine[Any, Any, _T], *, limit_seconds: float = HOUR_SECONDS) -> _T:
    """Run `work` as `asyncio.run` does, on virtual time.

    Raises:
        Deadlock: it waits for something that cannot happen, or for longer than `limit_seconds`.
            The message lists the waiting tasks and the lines of the program where they wait.
    """
    with asyncio.Runner(loop_factory=lambda: VirtualLoop(limit_seconds)) as runner:
        return runner.run(work)
