"""Loop threads: what an event loop's `asyncio.to_thread` runs in, so that nobody waits for it at the end.

The executor that asyncio makes itself is joined when the loop closes and again when the interpreter
ends: one call that never returns keeps the process for ever, whoever has stopped waiting for it.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import ParamSpec, TypeVar

from typing_extensions import override

from parallel_agents.errors import Stopping
from parallel_agents.thread_pools import ThreadPoolExecutor

P = ParamSpec("P")
T = TypeVar("T")

_MOST_THREADS = 32


def start_daemon(target: Callable[[], object], name: str) -> None:
    """Call `target` in a thread of its own, for which nobody waits at the end.

    Raises:
        Stopping: the main thread has ended, and this is Python 3.12.0 or 3.12.1, which starts no more.
    """
    try:
        threading.Thread(target=target, name=name, daemon=True).start()
    except RuntimeError as error:
        if "interpreter shutdown" not in str(error):
            raise
        raise Stopping(
            "the program's main thread has ended",
            why=f"this Python starts no threads after that: {error}",
            hint="keep the main thread until this one is done: thread.join()",
        ) from error


def answering(future: Future[T], function: Callable[[], T]) -> Callable[[], None]:
    """What a thread calls so that a future gets what a function returns or raises."""

    def call() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            result = function()
        except BaseException as error:  # noqa: BLE001 - the thread's edge: the caller gets it
            future.set_exception(error)
        else:
            future.set_result(result)

    return call


class LoopThreads(ThreadPoolExecutor):
    """An executor of daemon threads; a loop accepts no default executor of another type."""

    def __init__(self) -> None:
        super().__init__(1)  # its own thread is never started
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._guard = threading.Lock()
        self._unfinished = 0
        self._started = 0

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        call = answering(future, partial(fn, *args, **kwargs))
        with self._guard:
            self._unfinished += 1
            is_short = self._started < min(self._unfinished, _MOST_THREADS)
            self._started += is_short
        self._calls.put(call)
        if is_short:
            self._start()
        return future

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """End the threads that are idle, and each other one after its call; wait for none."""
        for _ in range(self._started):
            self._calls.put(None)

    def _start(self) -> None:
        try:
            start_daemon(self._serve, "pagents-loop")
        except Stopping:
            with self._guard:
                self._started -= 1
                if not self._started:
                    raise  # otherwise the call waits for the threads that are there

    def _serve(self) -> None:
        while (call := self._calls.get()) is not None:
            call()
            del call
            with self._guard:
                self._unfinished -= 1
