"""Own thread: makes calls one after the other, also when the executors of the process have ended.

Python ends them once the main thread has ended, while other threads may still work on a store.
"""

from __future__ import annotations

import queue
from collections.abc import Callable
from concurrent.futures import Executor, Future
from functools import partial
from typing import ParamSpec, TypeVar

from typing_extensions import override

from parallel_agents.loop_threads import answering, start_daemon

P = ParamSpec("P")
T = TypeVar("T")


class OwnThread(Executor):
    """An executor of one daemon thread, which begins with the first call.

    Args:
        name: the thread's.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._ended: Future[None] | None = None

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        if self._ended is None:
            ended: Future[None] = Future()
            start_daemon(partial(_serve, self._calls, ended), self._name)
            self._ended = ended
        self._calls.put(answering(future, partial(fn, *args, **kwargs)))
        return future

    @override
    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Make the calls that were submitted, and end."""
        if self._ended is not None:
            self._calls.put(None)
            if wait:
                self._ended.result()

    def __del__(self) -> None:
        self._calls.put(None)


# The thread does not know its executor, and so ends with one that is dropped.
def _serve(calls: queue.SimpleQueue[Callable[[], None] | None], ended: Future[None]) -> None:
    while (call := calls.get()) is not None:
        call()
        del call
    ended.set_result(None)
