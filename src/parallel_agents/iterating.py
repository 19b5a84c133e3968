"""Iterating: what work on a loop hands over, item by item, to code that is not async.

The loop is in a thread of its own, so that a caller in a notebook may have one already, and nothing
that blocks it keeps a Ctrl-C from being heard.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections.abc import Callable, Coroutine, Generator
from concurrent.futures import CancelledError, Future
from contextlib import suppress
from typing import Generic, NamedTuple, TypeAlias, TypeVar

from typing_extensions import override

from parallel_agents.loop_threads import LoopThreads, start_daemon
from parallel_agents.other_threads import UnderWay
from parallel_agents.signals import Bell, result_of, stop_signals_as_interrupts

V = TypeVar("V")

_GRACE_SECONDS = 2.0
Work: TypeAlias = Callable[[asyncio.Event, Callable[[V], None]], Coroutine[None, None, None]]


class _Item(NamedTuple, Generic[V]):
    value: V


def iterate(work: Work[V]) -> Generator[V]:
    """Yield what `work` hands over, and end when it ends.

    `work` gets an event and a function that hands over an item. The event is set by the first Ctrl-C,
    by a caller that breaks off, and at the end of the program unless another thread reads the items;
    the next Ctrl-C cancels `work`. SIGTERM and SIGHUP count as a Ctrl-C while the caller waits for an item.

    Raises:
        KeyboardInterrupt: after a Ctrl-C or the end of the program, once `work` has ended; after the
            second Ctrl-C at the latest two seconds later.
    """
    running = _Running(work)
    try:
        with stop_signals_as_interrupts():
            item = running.next()
        while item is not None:
            yield item.value
            with stop_signals_as_interrupts():
                item = running.next()
        running.raise_error()
    finally:
        running.leave()


class _Read(UnderWay):
    """Work whose items are read; without a reader it stops at the program's end."""

    @property
    @override
    def is_abandoned(self) -> bool:
        return not self.is_awaited


class _Running(Generic[V]):
    """Work on a loop in a daemon thread, and the items that it has handed over."""

    def __init__(self, work: Work[V]) -> None:
        self._work = work
        self._items: queue.SimpleQueue[_Item[V] | None] = queue.SimpleQueue()
        self._bell: Bell | None = None
        self._ended: Future[None] = Future()
        self._started: Future[tuple[asyncio.AbstractEventLoop, asyncio.Event, asyncio.Task[None]]]
        self._started = Future()
        self._read = _Read(self._interrupt)
        context = contextvars.copy_context()
        start_daemon(lambda: context.run(self._run), "pagents-stream")
        self._read.begin()
        self._ended.add_done_callback(lambda _: self._read.end())

    def next(self) -> _Item[V] | None:
        """The next item; None after the last."""
        self._read.thread = threading.current_thread()
        with suppress(queue.Empty):
            return self._items.get_nowait()
        bell = Bell()
        with bell:
            self._bell = bell
            while True:
                with suppress(queue.Empty):
                    return self._items.get_nowait()
                bell.wait(None)

    def leave(self) -> None:
        """Have the work end, and wait for that; a Ctrl-C cancels it."""
        if self._ended.done():
            return
        with suppress(CancelledError):
            self._stop()
            try:
                self._wait_ended(None)
            except KeyboardInterrupt:
                self._cancel()
                with suppress(TimeoutError):
                    self._wait_ended(_GRACE_SECONDS)
                raise

    def raise_error(self) -> None:
        """Raise what the work raised.

        Raises:
            KeyboardInterrupt: the work was stopped behind the reader's back, so that items are missing.
        """
        if self._read.interrupts:
            if threading.current_thread().daemon:  # which Python ends with the program, silently
                threading.Event().wait()
            raise KeyboardInterrupt
        self._ended.result()

    def _interrupt(self) -> None:
        """Have the work end, behind the reader's back; the second time, cancel it."""
        with suppress(CancelledError):
            if self._read.interrupts > 1:
                self._cancel()
            else:
                self._stop()

    def _stop(self) -> None:
        loop, stop, _ = result_of(self._started)
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(stop.set)

    def _cancel(self) -> None:
        loop, _, task = result_of(self._started)
        with suppress(RuntimeError):
            loop.call_soon_threadsafe(task.cancel)

    def _wait_ended(self, seconds: float | None) -> None:
        ended: Future[None] = Future()
        self._ended.add_done_callback(lambda _: ended.set_result(None))
        result_of(ended, seconds)

    def _hand_over(self, item: V) -> None:
        self._put(_Item(item))

    def _put(self, item: _Item[V] | None) -> None:
        self._items.put(item)
        if (bell := self._bell) is not None:
            bell.ring()

    def _run(self) -> None:
        try:
            asyncio.run(self._main())
        except BaseException as error:  # noqa: BLE001 - the thread's edge: the caller raises it
            self._ended.set_exception(error)
            if not self._started.done():
                self._started.set_exception(CancelledError())
        else:
            self._ended.set_result(None)
        finally:
            self._put(None)

    async def _main(self) -> None:
        loop, stop = asyncio.get_running_loop(), asyncio.Event()
        loop.set_default_executor(LoopThreads())
        task = loop.create_task(self._work(stop, self._hand_over))
        self._started.set_result((loop, stop, task))
        await task
