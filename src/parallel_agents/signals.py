"""Signals: SIGTERM and SIGHUP stop a process as a Ctrl-C does.

A container is stopped by SIGTERM, a terminal that closes sends SIGHUP, and the first process of a
container gets neither unless it has a handler.
"""

from __future__ import annotations

import selectors
import signal
import socket
import threading
import time
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextlib import contextmanager, suppress
from types import FrameType
from typing import TypeVar

T = TypeVar("T")

STOP_SIGNALS = tuple(
    signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)


@contextmanager
def stop_signals_as_interrupts() -> Generator[None]:
    """While the block lasts, SIGTERM and SIGHUP do what a Ctrl-C does.

    A signal that the process ignores, as under nohup, or has a handler for keeps its meaning.
    """

    def interrupt(_: int, frame: FrameType | None) -> None:
        on_interrupt = signal.getsignal(signal.SIGINT)
        if not callable(on_interrupt):
            raise KeyboardInterrupt
        on_interrupt(signal.SIGINT, frame)

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    taken = [number for number in STOP_SIGNALS if signal.getsignal(number) is signal.SIG_DFL]
    for number in taken:
        signal.signal(number, interrupt)
    try:
        yield
    finally:
        for number in taken:
            signal.signal(number, signal.SIG_DFL)


class Bell:
    """Wakes the thread that waits for it: another thread rings it, and so does each signal.

    A lock or a queue is not a bell for signals: one that arrives after the waiting thread has last looked
    for signals and before it sleeps is noted, and its handler is not called until something else wakes
    the thread. What is written to a file in between is seen.

    It is used once, in one block of the thread that waits.
    """

    def __init__(self) -> None:
        self._waiting, self._ringing = socket.socketpair()
        for end in (self._waiting, self._ringing):
            end.setblocking(False)
        self._guard = threading.Lock()  # no ring into a file that has the number of one closed
        self._woken_before: int | None = None

    def __enter__(self) -> None:
        if threading.current_thread() is threading.main_thread():
            self._woken_before = signal.set_wakeup_fd(
                self._ringing.fileno(), warn_on_full_buffer=False
            )

    def __exit__(self, *_: object) -> None:
        if self._woken_before is not None:
            signal.set_wakeup_fd(self._woken_before)
        with self._guard:
            self._ringing.close()
        self._waiting.close()

    def ring(self) -> None:
        with self._guard, suppress(OSError):  # it is closed, or full of rings not heard yet
            self._ringing.send(b"\0")

    def wait(self, seconds: float | None) -> None:
        """Return when it was rung since the last time, and at the latest after `seconds`.

        The handlers of the signals that rang it have been called when the caller continues.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._waiting, selectors.EVENT_READ)
            selector.select(seconds)
        with suppress(BlockingIOError):
            while self._waiting.recv(4096):
                pass


def result_of(future: Future[T], seconds: float | None = None) -> T:
    """The result of work in another thread; unlike the future's own, this wait misses no Ctrl-C.

    Raises:
        TimeoutError: there is none after `seconds`.
    """
    until = None if seconds is None else time.monotonic() + seconds
    bell = Bell()
    with bell:
        future.add_done_callback(lambda _: bell.ring())
        while not future.done():
            left = None if until is None else until - time.monotonic()
            if left is not None and left <= 0:
                raise TimeoutError
            bell.wait(left)
    return future.result()


class _Interrupts:
    """Counts the Ctrl-Cs of this process while anybody wants to know of them.

    A handler is the process's and not a task's. Tasks that overlap end in any order, so that they
    share one handler: each restoring what it found would leave another's in place.
    """

    def __init__(self) -> None:
        self.count = 0
        self._watchers = 0
        self._before: Callable[[int, FrameType | None], object] = signal.default_int_handler

    def watch(self) -> None:
        """Count from now on, and let each Ctrl-C take effect as before."""
        self._watchers += 1
        before = signal.getsignal(signal.SIGINT)
        if self._watchers == 1 and before != self.note and callable(before):
            self._before = before
            signal.signal(signal.SIGINT, self.note)

    def leave(self) -> None:
        self._watchers -= 1
        if self._watchers == 0 and signal.getsignal(signal.SIGINT) == self.note:
            signal.signal(signal.SIGINT, self._before)

    def note(self, number: int, frame: FrameType | None) -> None:
        self.count += 1
        self._before(number, frame)

    def raises_in_the_code(self) -> bool:
        """Whether a Ctrl-C raises KeyboardInterrupt in whatever code is being executed."""
        handler = signal.getsignal(signal.SIGINT)
        return (self._before if handler == self.note else handler) is signal.default_int_handler


_interrupts = _Interrupts()


@contextmanager
def noted_interrupts() -> Generator[Callable[[], bool]]:
    """Yields a function that returns whether a Ctrl-C has come since; it takes effect as before.

    So code that is cancelled can tell a Ctrl-C, which lets calls end, from a caller that gave up.
    """
    began = _interrupts.count
    if threading.current_thread() is not threading.main_thread():
        yield lambda: False
        return
    _interrupts.watch()
    try:
        yield lambda: _interrupts.count > began
    finally:
        _interrupts.leave()


def is_ctrl_c(error: BaseException) -> bool:
    """Whether an error comes from a Ctrl-C: Python raises it in the main thread, in any code."""
    return (
        isinstance(error, KeyboardInterrupt)
        and threading.current_thread() is threading.main_thread()
        and _interrupts.raises_in_the_code()
    )
