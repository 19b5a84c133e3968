"""Threads: a function that blocks runs in threads of its own, so that it keeps no other waiting.

A thread cannot be stopped. One whose caller has left is counted as hung until its function returns,
and another thread takes its place, up to a bound. All are daemons, so none keeps the process alive.
"""

from __future__ import annotations

import asyncio
import contextvars
import logging
import queue
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor, Future
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from typing import ParamSpec, TypeVar

from typing_extensions import override

from parallel_agents.containment.calls import Outcome, caught, unpack

P = ParamSpec("P")
T = TypeVar("T")

_log = logging.getLogger(__name__)

MOST_AT_ONCE = 32
MOST_HUNG = 32
_IDLE_SECONDS = 10.0


class NoThreadLeft(Exception):
    """The function was not called: too many of its earlier calls have never returned."""


@dataclass(slots=True)
class _Call:
    """A call with a place; `has_ended` and `is_hung` are guarded by the lock of its Threads."""

    has_ended: bool = False
    is_hung: bool = False


class Threads:
    """The threads of one function.

    Args:
        name: the function's, for the log.
        most_at_once: the most calls at a time whose callers wait; further calls queue.
        most_hung: the most calls whose callers have left; beyond it the function is not called.
    """

    def __init__(
        self, name: str, *, most_at_once: int = MOST_AT_ONCE, most_hung: int = MOST_HUNG
    ) -> None:
        self._name = name
        self._most_at_once = most_at_once
        self._most_hung = most_hung
        self._pool = _Daemons(f"pagents-{name}")
        # Guards what follows: calls come from any event loop, and end in any thread.
        self._lock = threading.Lock()
        self._working = 0
        self._hung = 0
        self._was_told = False
        self._queue: deque[Future[None]] = deque()

    async def run(self, function: Callable[[], T], *, queued: AbstractContextManager[None]) -> T:
        """The result of `function`, called in a thread.

        Args:
            function: code of others.
            queued: entered while the call waits for a thread.

        Raises:
            NoThreadLeft: it was not called.
            Exception: `function` raised it; `Raised` if that is not an Exception.
        """
        await self._enter(queued)
        call = _Call()
        context = contextvars.copy_context()
        work = partial(self._work, call, partial(context.run, function))
        try:
            outcome = await asyncio.get_running_loop().run_in_executor(self._pool, work)
        except asyncio.CancelledError:
            self._leave(call)
            raise
        return unpack(outcome)

    def _work(self, call: _Call, function: Callable[[], T]) -> Outcome[T]:
        outcome = caught(function)
        with self._lock:
            call.has_ended = True
            if call.is_hung:
                self._hung -= 1
            else:
                self._working -= 1
                self._admit()
        return outcome

    async def _enter(self, queued: AbstractContextManager[None]) -> None:
        """Take a place, waiting for one if need be."""
        with self._lock:
            self._check_hung()
            if self._working < self._most_at_once:
                self._working += 1
                return
            place: Future[None] = Future()
            self._queue.append(place)
        with queued:
            try:
                await asyncio.wrap_future(place)
            except asyncio.CancelledError:
                self._give_back(place)
                raise

    def _check_hung(self) -> None:
        if self._hung >= self._most_hung:
            raise NoThreadLeft(
                f"{self._name} was not called: {self._hung} earlier calls of it have never returned"
            )

    def _admit(self) -> None:
        """Give free places to the first in the queue; the lock is held."""
        while self._queue and self._working < self._most_at_once:
            place = self._queue.popleft()
            if not place.set_running_or_notify_cancel():
                continue
            try:
                self._check_hung()
            except NoThreadLeft as error:
                place.set_exception(error)
            else:
                self._working += 1
                place.set_result(None)

    def _give_back(self, place: Future[None]) -> None:
        """A caller has left the queue, perhaps just when it was given a place."""
        with self._lock:
            if place in self._queue:
                self._queue.remove(place)
            elif place.done() and not place.cancelled() and place.exception() is None:
                self._working -= 1
                self._admit()

    def _leave(self, call: _Call) -> None:
        """A caller no longer waits for its call."""
        with self._lock:
            if call.has_ended:
                return
            call.is_hung = True
            self._working -= 1
            self._hung += 1
            self._admit()
            was_told, self._was_told = self._was_told, True
        if not was_told:
            _log.warning(
                "%s runs on in its thread although nobody waits for it any more: a thread cannot be"
                " stopped; make it an async function, or give what it waits for a time limit",
                self._name,
            )


class _Daemons(Executor):
    """An executor of as many daemon threads as there are calls; a thread that idles soon ends."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._calls: queue.SimpleQueue[Callable[[], None]] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)

    @override
    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()

        def call() -> None:
            if future.set_running_or_notify_cancel():
                future.set_result(fn(*args, **kwargs))

        self._calls.put(call)
        if not self._idle.acquire(blocking=False):
            threading.Thread(target=self._serve, name=self._name, daemon=True).start()
        return future

    def _serve(self) -> None:
        while True:
            try:
                call = self._calls.get(timeout=_IDLE_SECONDS)
            except queue.Empty:
                if self._idle.acquire(blocking=False):
                    return
                continue  # a call is on its way to this thread
            call()
            del call
            self._idle.release()
