"""Completions: who waits for which run to be over; one subscription for all of them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from parallel_agents.core.event import Event, Finished
from parallel_agents.core.ids import RunId
from parallel_agents.core.store import Store


class Completions:
    """Futures by run, settled by the store's events."""

    def __init__(self, store: Store) -> None:
        self._waiting: dict[RunId, list[asyncio.Future[None]]] = {}
        self._error: Exception | None = None
        self._unsubscribe = store.subscribe(self._hear)

    def expect(self, run: RunId) -> asyncio.Future[None]:
        """A future that is done once the run is over; give it back with `forget`."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._error is not None:
            future.set_exception(self._error)
            return future
        self._waiting.setdefault(run, []).append(future)
        return future

    def forget(self, run: RunId, future: asyncio.Future[None]) -> None:
        if not future.cancel():
            future.exception()
        waiting = self._waiting.get(run, [])
        if future in waiting:
            waiting.remove(future)
            if not waiting:
                del self._waiting[run]

    def fail(self, error: Exception) -> None:
        """Tell everybody who waits, now and later, that the store failed."""
        self._error = error
        for futures in self._waiting.values():
            for future in futures:
                if not future.done():
                    future.set_exception(error)
        self._waiting.clear()

    def close(self) -> None:
        self._unsubscribe()

    def _hear(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event.body, Finished):
                for future in self._waiting.pop(event.run, ()):
                    if not future.done():
                        future.set_result(None)
