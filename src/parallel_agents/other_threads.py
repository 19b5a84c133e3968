"""Other threads: a Ctrl-C that has ended the main thread stops the work that others wait for, too.

Python tells only the main thread of a Ctrl-C, and once that has joined a thread in vain, waits for it no more:
the program would end in the middle of calls that are paid for.
"""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from functools import cache

from parallel_agents.ending import before_executors_end
from parallel_agents.signals import Bell


class _Waiting:
    """A thread that waits for work.

    Attributes:
        interrupt: tells the work of a Ctrl-C; None before it is begun.
        has_left: whether it waits no more, and has said its last words.
    """

    def __init__(self) -> None:
        self.interrupt: Callable[[], None] | None = None
        self.has_left = threading.Event()


# By the number of the thread.
_waiting: dict[int, _Waiting] = {}


@contextmanager
def stopped_with_the_program() -> Generator[None]:
    """What the block waits for hears of a Ctrl-C that has ended the main thread, which waits for the block."""
    here = threading.current_thread()
    if here is threading.main_thread() or here.ident is None or here.ident in _waiting:
        yield
        return
    with suppress(RuntimeError):  # the program is ending already
        _stop_at_the_end()
    waiting = _waiting[here.ident] = _Waiting()
    try:
        yield
    finally:
        del _waiting[here.ident]
        waiting.has_left.set()


def interrupt_by(interrupt: Callable[[], None], bell: Bell) -> None:
    """Have a Ctrl-C that ends the program do this to the work that this thread begins to wait for."""

    def interrupt_from_elsewhere() -> None:
        interrupt()
        bell.ring()  # a signal rings it only in the main thread

    if (waiting := _waiting.get(threading.get_ident())) is not None:
        waiting.interrupt = interrupt_from_elsewhere


@cache
def _stop_at_the_end() -> None:
    before_executors_end(_stop_all)


def _stop_all() -> None:
    if getattr(sys, "last_type", None) is not KeyboardInterrupt:
        return
    told = [(each, each.interrupt) for each in _waiting.values() if each.interrupt is not None]
    for _, interrupt in told:
        interrupt()
    for waiting, _ in told:
        waiting.has_left.wait()
