"""Other threads: what they wait for is done before the program ends, and a Ctrl-C meanwhile stops it.

Python waits for other threads only after it has ended its executors, which tools may use. And it tells
only the main thread of a Ctrl-C, which then waits for them no more: the program would end in the middle
of calls that are paid for.
"""

from __future__ import annotations

import asyncio
import atexit
import os
import sys
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from functools import cache

from parallel_agents.ending import before_executors_end
from parallel_agents.loop_threads import LoopThreads
from parallel_agents.signals import Bell, result_of, stop_signals_as_interrupts

_MOST_INTERRUPTS = 2
_GRACE_SECONDS = 3.0  # a second more than threads themselves grant what they cancel
_LAST_WORDS_SECONDS = 1.0


class UnderWay:
    """Work of which a thread awaits the end.

    Attributes:
        thread: who waits; it may change.
        interrupts: how often it was told to stop.
        ended: is done once nobody needs to wait for it.

    Args:
        interrupt: tells it to stop; None before it can be told.
    """

    def __init__(self, interrupt: Callable[[], None] | None = None) -> None:
        self.thread = threading.current_thread()
        self.interrupts = 0
        self.ended: Future[None] = Future()
        self._interrupt = interrupt
        self._guard = threading.Lock()  # guards `interrupts` and `_interrupt`: none is told twice

    @property
    def is_awaited(self) -> bool:
        """Whether Python waits for the thread that waits for it."""
        is_main = self.thread is threading.main_thread()
        return not is_main and not self.thread.daemon and self.thread.is_alive()

    @property
    def is_abandoned(self) -> bool:
        """Whether it is to stop at the program's end because nobody waits for it."""
        return False

    def interrupt_by(self, interrupt: Callable[[], None]) -> None:
        """Call this for each interrupt, also for those that have come already."""
        with self._guard:
            self._interrupt = interrupt
            for _ in range(self.interrupts):
                interrupt()

    def interrupt(self) -> None:
        """Tell it to stop; the second time, to stop at once."""
        with self._guard:
            self.interrupts += 1
            if self._interrupt is not None:
                self._interrupt()

    def begin(self) -> None:
        """From now on the program's end waits for it, if somebody else does, and stops it otherwise."""
        _finish_at_the_end()
        _under_way.add(self)

    def end(self) -> None:
        _under_way.discard(self)
        self.ended.set_result(None)


class _Here(threading.local):
    """What the current thread waits for."""

    work: UnderWay | None = None


_here = _Here()
_under_way: set[UnderWay] = set()
# Loops of other threads, whose `asyncio.to_thread` is to work to their end.
_loops: list[asyncio.AbstractEventLoop] = []
_executors_ended = threading.Event()


def _forget() -> None:
    _under_way.clear()
    _loops.clear()


os.register_at_fork(after_in_child=_forget)


@contextmanager
def finished_before_the_end() -> Generator[None]:
    """The program does not end before the block in this thread, unless a Ctrl-C stops what it waits for."""
    if threading.current_thread() is threading.main_thread() or _here.work is not None:
        yield
        return
    work = _here.work = UnderWay()
    work.begin()
    try:
        yield
    finally:
        _here.work = None
        work.end()


def interrupt_by(interrupt: Callable[[], None], bell: Bell) -> None:
    """Have a Ctrl-C at the program's end do this to the work that this thread begins to wait for."""

    def interrupt_from_elsewhere() -> None:
        interrupt()
        bell.ring()  # a signal rings it only in the main thread

    if (work := _here.work) is not None:
        work.interrupt_by(interrupt_from_elsewhere)


@contextmanager
def threads_to_the_end() -> Generator[None]:
    """The program does not end before the block, and `asyncio.to_thread` works on its loop until then."""
    if not _is_joined():
        yield
        return
    loop, work = asyncio.get_running_loop(), UnderWay()
    work.begin()
    _loops.append(loop)
    if _executors_ended.is_set():
        loop.set_default_executor(LoopThreads())
    try:
        yield
    finally:
        with suppress(ValueError):  # in a fork
            _loops.remove(loop)
        work.end()


@contextmanager
def cancelled_at_the_end() -> Generator[Callable[[], bool]]:
    """A Ctrl-C at the program's end cancels the task that the block is in; yields whether one has."""
    task = asyncio.current_task()
    if task is None or not _is_joined():
        yield lambda: False
        return
    loop = asyncio.get_running_loop()

    def cancel() -> None:
        with suppress(RuntimeError):  # the loop has ended meanwhile
            loop.call_soon_threadsafe(task.cancel)

    work = UnderWay(cancel)
    work.begin()
    try:
        yield lambda: bool(work.interrupts)
    finally:
        work.end()


def _is_joined() -> bool:
    """Whether Python waits for the current thread at the program's end."""
    here = threading.current_thread()
    return here is not threading.main_thread() and not here.daemon


@cache
def _finish_at_the_end() -> None:
    atexit.register(_finish_left)
    if not before_executors_end(_finish_begun):
        _executors_ended.set()


def _finish_begun() -> None:
    """Finish what was begun before the main thread ended."""
    _executors_ended.set()
    for loop in tuple(_loops):
        loop.set_default_executor(LoopThreads())
    _finish(int(_has_interrupted()))


def _finish_left() -> None:
    """Finish what is under way although Python has waited for its thread: a Ctrl-C has ended that."""
    left = [each.thread for each in tuple(_under_way) if each.is_awaited]
    _finish(int(_has_interrupted() or bool(left)))
    until = time.monotonic() + _LAST_WORDS_SECONDS
    for thread in left:
        thread.join(max(0.0, until - time.monotonic()))


def _has_interrupted() -> bool:
    """Whether a Ctrl-C has ended the main thread."""
    return getattr(sys, "last_type", None) is KeyboardInterrupt


def _finish(interrupts: int) -> None:
    """Wait for what is under way; a Ctrl-C stops it, the next stops it at once.

    Raises:
        KeyboardInterrupt: it was the third.
    """
    while True:
        for each in tuple(_under_way):
            if not each.interrupts and (interrupts or each.is_abandoned):
                each.interrupt()
        waiting = [each for each in tuple(_under_way) if each.interrupts or each.is_awaited]
        if not waiting:
            return
        is_cancelled = waiting[0].interrupts >= _MOST_INTERRUPTS
        try:
            with stop_signals_as_interrupts():
                result_of(waiting[0].ended, _GRACE_SECONDS if is_cancelled else None)
        except TimeoutError:
            _under_way.discard(waiting[0])
        except KeyboardInterrupt:
            interrupts += 1
            if interrupts > _MOST_INTERRUPTS:
                _under_way.clear()
                raise
            for each in waiting:
                each.interrupt()
