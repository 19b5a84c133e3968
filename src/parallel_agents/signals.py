"""Signals: SIGTERM and SIGHUP stop a process as a Ctrl-C does.

A container is stopped by SIGTERM, a terminal that closes sends SIGHUP, and the first process of a
container gets neither unless it has a handler.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from types import FrameType

STOP_SIGNALS = tuple(
    signal.Signals[name] for name in ("SIGTERM", "SIGHUP") if name in signal.Signals.__members__
)


@contextmanager
def stop_signals_as_interrupts() -> Generator[None]:
    """SIGTERM and SIGHUP do what a Ctrl-C does while the block lasts.

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


@contextmanager
def noted_interrupts() -> Generator[Callable[[], bool]]:
    """Yields a function that returns whether a Ctrl-C has come since; it takes effect as before.

    So code that is cancelled can tell a Ctrl-C, which lets calls end, from a caller that gave up.
    """
    has_come = False
    before = signal.getsignal(signal.SIGINT)

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal has_come
        has_come = True
        if callable(before):
            before(number, frame)

    is_main = threading.current_thread() is threading.main_thread()
    if is_main and callable(before):
        signal.signal(signal.SIGINT, note)
    try:
        yield lambda: has_come
    finally:
        if is_main and signal.getsignal(signal.SIGINT) is note:
            signal.signal(signal.SIGINT, before)
