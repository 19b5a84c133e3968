"""Governor: what this process knows of how fast each model may be asked; the store knows it for all."""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Callable, Iterable
from functools import partial
from typing import TypeVar

from parallel_agents.core.breaker import Flights
from parallel_agents.core.ids import OwnerId, make_owner_id
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.throttle import Throttle, Throttles

T = TypeVar("T")
LOOK_SECONDS = 1.0


class Governor:
    """One for all models of a process. It holds no task: the calls that wait do its work.

    Args:
        throttles: where they are kept for all processes.
        limit_of: the configured limit of a model, by its full name.
        process: the owner whose calls they are; what it holds is let go of once it is dead or gone.
        now: seconds since 1970, the same for all processes of the store.
        rng: draws the waits that spread calls which were refused together.
    """

    def __init__(
        self,
        throttles: Throttles,
        limit_of: Callable[[str], RateLimit] = lambda _: NO_LIMIT,
        *,
        process: OwnerId | None = None,
        now: Callable[[], float] = time.time,
        rng: random.Random | None = None,
    ) -> None:
        self.process = process or make_owner_id()
        self.limit_of = limit_of
        self.now = now
        self.rng = rng or random.Random()  # noqa: S311 - jitter is no secret
        self._throttles = throttles
        self._known: dict[str, Throttle] = {}
        self._looked_at = float("-inf")
        self._changes = 0
        self._flights: dict[str, Flights] = {}
        self._soon: dict[str, list[Callable[[Throttle], Throttle]]] = {}

    def known(self, model: str) -> Throttle | None:
        """The throttle as this process saw it last; None where there is none."""
        return self._known.get(model)

    def flights(self, model: str) -> Flights:
        """This process's calls of a model that were sent and have not ended."""
        return self._flights.setdefault(model, Flights())

    async def look(self) -> None:
        """See what other processes changed, where the last look is more than a second old."""
        now = self.now()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now  # before the read: others need not wait for this one
        changes = self._changes
        found = await self._throttles.throttles()
        if changes == self._changes:  # else what was read may be older than what is known
            self._known = {throttle.model: throttle for throttle in found}

    async def change(self, model: str, change: Callable[[Throttle], tuple[Throttle, T]]) -> T:
        """Change a throttle for all processes; `change` is pure."""
        self._changes += 1
        self._tell(model)
        throttle, given = await self._throttles.change_throttle(model, change)
        self._changes += 1
        self._known[model] = throttle
        return given

    def change_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        """The same, and nobody waits for it; what comes at once is one change of the store."""
        waiting = self._soon.setdefault(model, [])
        waiting.append(change)
        if len(waiting) == 1:
            asyncio.get_running_loop().call_soon(self._tell, model)

    def _tell(self, model: str) -> None:
        """Hand on what is to be changed soon."""
        if changes := self._soon.pop(model, None):
            self._throttles.change_throttle_soon(model, partial(_all_of, changes))


def _all_of(changes: Iterable[Callable[[Throttle], Throttle]], found: Throttle) -> Throttle:
    for change in changes:
        found = change(found)
    return found
