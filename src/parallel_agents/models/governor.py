"""Governor: this process's view of the throttles that the store keeps for all processes."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from parallel_agents.clock import of_this_process
from parallel_agents.core.breaker import UsesInFlight
from parallel_agents.core.ids import OwnerId, make_owner_id
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.throttle import Throttle, Throttles

T = TypeVar("T")
REFRESH_SECONDS = 1.0


class Governor:
    """Serves all models of a process. It runs no task: waiting calls do its work.

    Args:
        throttles: the store that keeps the throttles.
        limit_of: returns the configured limit of a model by its full name.
        process: the owner of this process's calls; the store drops them when the owner ends.
        now: returns seconds since 1970, on the clock that all processes of the store share.
        rng: draws the jitter that spreads the retries of calls which were refused together.
    """

    def __init__(
        self,
        throttles: Throttles,
        limit_of: Callable[[str], RateLimit] = lambda _: NO_LIMIT,
        *,
        process: OwnerId | None = None,
        now: Callable[[], float] | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.process = process or make_owner_id()
        self.limit_of = limit_of
        self.now = now or of_this_process()
        self.rng = rng or random.Random()  # noqa: S311 - jitter is not a secret
        self._throttles = throttles
        self._known: dict[str, Throttle] = {}
        self._refreshed_at = float("-inf")
        self._changes = 0
        self._in_flight: dict[str, UsesInFlight] = {}
        self._queued: dict[str, list[Callable[[Throttle], Throttle]]] = {}

    def known(self, model: str) -> Throttle | None:
        """The throttle as this process last saw it, or None."""
        return self._known.get(model)

    def in_flight(self, model: str) -> UsesInFlight:
        """This process's calls of a model that have not ended."""
        return self._in_flight.setdefault(model, UsesInFlight())

    async def refresh(self) -> None:
        """Read what other processes changed, unless the last read is less than a second old."""
        now = self.now()
        if now - self._refreshed_at < REFRESH_SECONDS:
            return
        self._refreshed_at = now  # before the read, so that concurrent calls do not wait for it
        changes = self._changes
        found = await self._throttles.throttles()
        if changes == self._changes:  # otherwise the read may be older than the known state
            self._known = {throttle.model: throttle for throttle in found}

    async def change(self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]) -> T:
        """Change a throttle for all processes; `change` is pure."""
        self._changes += 1
        self._flush(model)
        throttle, result = await self._throttles.change_throttle(model, change)
        self._changes += 1
        self._known[model] = throttle
        return result

    def change_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        """Queue a change without waiting for it; changes queued together are one transaction."""
        queued = self._queued.setdefault(model, [])
        queued.append(change)
        if len(queued) == 1:
            asyncio.get_running_loop().call_soon(self._flush, model)

    def _flush(self, model: str) -> None:
        """Pass the queued changes on to the store."""
        if changes := self._queued.pop(model, None):
            self._throttles.change_throttle_soon(model, partial(_all_of, changes))


def _all_of(changes: Iterable[Callable[[Throttle], Throttle]], found: Throttle) -> Throttle:
    for change in changes:
        found = change(found)
    return found
