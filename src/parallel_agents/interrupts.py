"""Interrupts: the first Ctrl-C stops cleanly, the second at once."""

from __future__ import annotations

import asyncio
import contextvars
import queue
import signal
import threading
import time
from collections.abc import Callable, Coroutine, Generator, Sequence
from concurrent.futures import CancelledError, Future
from contextlib import contextmanager, suppress
from enum import Enum, auto
from types import FrameType
from typing import Generic, TypeVar

from parallel_agents.loop_threads import LoopThreads, start_daemon
from parallel_agents.other_threads import interrupt_by
from parallel_agents.signals import STOP_SIGNALS, Bell

T = TypeVar("T")

_GRACE_SECONDS = 2.0
_CANCEL = 1  # the interrupts that come before the one that cancels


class _News(Enum):
    """What the thread hears that waits for work."""

    INTERRUPT = auto()
    ENDED = auto()


async def unless(stop: asyncio.Event, work: Coroutine[None, None, T]) -> T | None:
    """The result of `work`; None, with `work` cancelled, if `stop` is set first."""
    working, stopping = asyncio.create_task(work), asyncio.create_task(stop.wait())
    try:
        await asyncio.wait((working, stopping), return_when=asyncio.FIRST_COMPLETED)
    finally:
        working.cancel()
        stopping.cancel()
        await asyncio.wait((working, stopping))
    return None if working.cancelled() else working.result()


async def to_its_end(work: Coroutine[None, None, T]) -> T:
    """The result of `work`, which is never left half done: a cancellation waits for its end."""
    working = asyncio.create_task(work)
    try:
        return await asyncio.shield(working)
    except asyncio.CancelledError:
        await asyncio.wait({working})
        working.result()
        raise


def run_interruptible(work: Callable[[asyncio.Event], Coroutine[None, None, T]]) -> T:
    """Run `work`; the first Ctrl-C sets the event that it gets, the second cancels it.

    SIGTERM and SIGHUP count as a Ctrl-C, unless the process ignores them.

    Raises:
        KeyboardInterrupt: after the second, once `work` has ended, or two seconds later.
    """
    running = _Running(work)
    others = [n for n in STOP_SIGNALS if signal.getsignal(n) not in (signal.SIG_IGN, None)]
    with _taken([signal.SIGINT, *others], running.interrupt):
        return running.wait()


def run_cancellable(work: Coroutine[None, None, T]) -> T:
    """Run `work`; a Ctrl-C cancels it.

    Raises:
        KeyboardInterrupt: after it, once `work` has ended, or two seconds later.
    """

    async def main(_: asyncio.Event) -> T:
        return await work

    running = _Running(main, _CANCEL)
    takes = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    with _taken([signal.SIGINT] if takes else [], running.interrupt):
        return running.wait()


def in_thread(work: Callable[[asyncio.Event], Coroutine[None, None, T | None]]) -> T:
    """Run `work` on a loop in a thread of its own, and return its result.

    `work` gets an event that the first Ctrl-C sets; the second Ctrl-C cancels it. SIGTERM and SIGHUP
    count as a Ctrl-C, unless the process ignores them or has handlers for them.

    Raises:
        KeyboardInterrupt: after the first, once `work` has ended; after the second at the latest two
            seconds later, and after the third at once.
    """
    running = _Running(work)
    found = {number: signal.getsignal(number) for number in (signal.SIGINT, *STOP_SIGNALS)}
    ours = (signal.SIG_DFL, signal.default_int_handler)
    with _taken([number for number, how in found.items() if how in ours], running.interrupt):
        value = running.wait()
    if running.was_interrupted or value is None:
        raise KeyboardInterrupt
    return value


@contextmanager
def _taken(numbers: Sequence[int], interrupt: Callable[[], None]) -> Generator[None]:
    """Call `interrupt` for each of these signals while the block lasts."""

    def on_signal(_: int, __: FrameType | None) -> None:
        interrupt()

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in numbers}
    for number in before:
        signal.signal(number, on_signal)
    try:
        yield
    finally:
        for number, how in before.items():
            signal.signal(number, how)


class _Running(Generic[T]):
    """Work on a loop in a daemon thread, and a thread that waits for it and hears of interrupts.

    Whatever blocks the loop or its end, such as a store that another program has locked or a function
    that never returns, the waiting thread stays free to leave it behind.

    Args:
        work: gets the event that means "stop".
        count: how many interrupts count as received already: after the first `work` is to stop, by the
            second it is cancelled, by the third it is left behind.
    """

    def __init__(
        self, work: Callable[[asyncio.Event], Coroutine[None, None, T]], count: int = 0
    ) -> None:
        self.was_interrupted = False
        self._count = count
        self._work = work
        self._result: Future[T] = Future()
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, asyncio.Task[T]]] = (
            Future()
        )
        # A signal's handler may add to it in the middle of a `get`, which no lock would survive.
        self._news: queue.SimpleQueue[_News] = queue.SimpleQueue()
        self._bell = Bell()

    def interrupt(self) -> None:
        self._news.put(_News.INTERRUPT)

    def wait(self) -> T:
        """The result of the work.

        Raises:
            KeyboardInterrupt: the work was cancelled, or it was left behind.
        """
        context = contextvars.copy_context()
        start_daemon(lambda: context.run(self._run), "pagents-run")
        until: float | None = None
        with self._bell:
            interrupt_by(self.interrupt, self._bell)
            loop, stop, task = self._started.result()
            while (news := self._hear(until)) is _News.INTERRUPT:
                self.was_interrupted = True
                self._count += 1
                if stop.is_set():  # by something else, such as the end of the work's input
                    self._count = max(self._count, _CANCEL + 1)
                if self._count > _CANCEL + 1:
                    raise KeyboardInterrupt
                if self._count > _CANCEL:
                    until = time.monotonic() + _GRACE_SECONDS
                with suppress(RuntimeError):  # the loop has ended meanwhile
                    loop.call_soon_threadsafe(task.cancel if self._count > _CANCEL else stop.set)
        if news is None:
            raise KeyboardInterrupt
        return self._ended()

    def _hear(self, until: float | None) -> _News | None:
        """The next of the news; None at the time `until`, by the monotonic clock."""
        while True:
            try:
                return self._news.get_nowait()
            except queue.Empty:
                left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                return None
            try:
                self._bell.wait(left)
            except KeyboardInterrupt:  # the program has a handler of its own
                return _News.INTERRUPT

    def _ended(self) -> T:
        try:
            return self._result.result()
        except CancelledError:
            raise KeyboardInterrupt from None

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - the thread's edge: the waiting one raises it
            for waited in (self._started, self._result):
                if not waited.done():
                    waited.set_exception(error)
        finally:
            self._news.put(_News.ENDED)
            self._bell.ring()

    async def _main(self) -> None:
        stop, loop = asyncio.Event(), asyncio.get_running_loop()
        loop.set_default_executor(LoopThreads())
        task = asyncio.ensure_future(self._work(stop))
        self._started.set_result((loop, stop, task))
        try:
            await asyncio.wait({task})
        finally:  # work that exits ends the loop itself, and `_run` has its error
            if task.done() and not task.cancelled():
                task.exception()
        if task.cancelled():
            self._result.cancel()
        elif (error := task.exception()) is not None:
            self._result.set_exception(error)
        else:
            self._result.set_result(task.result())
