"""Completions: waiting for runs to end, with one subscription for all waiters."""

from __future__ import annotations

import asyncio
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager

from parallel_agents.core.event import Event, Finished
from parallel_agents.core.event_store import EventStore
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import RunStatus
from parallel_agents.core.verbs import Until


class Ends:
    """The ends of all runs, as they come."""

    def __init__(self) -> None:
        self._queue: asyncio.Queue[tuple[RunId, RunStatus] | Exception] = asyncio.Queue()

    def put(self, end: tuple[RunId, RunStatus] | Exception) -> None:
        self._queue.put_nowait(end)

    async def next(self) -> tuple[RunId, RunStatus]:
        """The next run that ends, and its status; raises the error of a store that failed."""
        return _raised(await self._queue.get())

    async def some(self) -> list[tuple[RunId, RunStatus]]:
        """All that have come, once one has."""
        ends = [await self.next()]
        while not self._queue.empty():
            ends.append(_raised(self._queue.get_nowait()))
        return ends


def _raised(end: tuple[RunId, RunStatus] | Exception) -> tuple[RunId, RunStatus]:
    if isinstance(end, Exception):
        raise end
    return end


class Completions:
    """Futures by run, settled by the store's events."""

    def __init__(self, store: EventStore) -> None:
        self._waiting: dict[RunId, list[asyncio.Future[RunStatus]]] = {}
        self._all: list[Ends] = []
        self._error: Exception | None = None
        self._unsubscribe = store.subscribe(self._hear)

    def expect(self, run: RunId) -> asyncio.Future[RunStatus]:
        """A future of how the run ends; release it with `forget`."""
        future: asyncio.Future[RunStatus] = asyncio.get_running_loop().create_future()
        if self._error is not None:
            future.set_exception(self._error)
            return future
        self._waiting.setdefault(run, []).append(future)
        return future

    def forget(self, run: RunId, future: asyncio.Future[RunStatus]) -> None:
        if not future.cancel():
            future.exception()
        waiting = self._waiting.get(run, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[run]

    @contextmanager
    def ends(self) -> Generator[Ends]:
        """The ends of all runs from now on, until the block exits."""
        ends = Ends()
        if self._error is not None:
            ends.put(self._error)
        self._all.append(ends)
        try:
            yield ends
        finally:
            self._all.remove(ends)

    def fail(self, error: Exception) -> None:
        """Raise the store's error in all waiters, present and future."""
        self._error = error
        for ends in self._all:
            ends.put(error)
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        self._waiting.clear()

    async def wait(self, expected: Mapping[RunId, asyncio.Future[RunStatus]], until: Until) -> None:
        """Return as soon as the runs that `until` asks for (all, any, or the first done) have ended."""
        pending = set(expected.values())
        while pending:
            how = asyncio.ALL_COMPLETED if until is Until.ALL else asyncio.FIRST_COMPLETED
            over, pending = await asyncio.wait(pending, return_when=how)
            statuses = {future.result() for future in over}
            if until is Until.ANY or (until is Until.FIRST_DONE and RunStatus.DONE in statuses):
                return

    def close(self) -> None:
        self._unsubscribe()

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event.body, Finished):
                for ends in self._all:
                    ends.put((event.run, event.body.outcome.status))
                for future in self._waiting.pop(event.run, ()):
                    if not future.done():
                        future.set_result(event.body.outcome.status)
