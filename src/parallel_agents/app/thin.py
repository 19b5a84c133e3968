"""Thin client: the verbs in a process that executes nothing; a worker of the home executes what it starts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import asynccontextmanager

from parallel_agents.app.client import Client, Resources
from parallel_agents.app.left_to_workers import LeftToWorkers
from parallel_agents.app.opening import open_leaving
from parallel_agents.app.parts import Parts
from parallel_agents.app.workers import Workers
from parallel_agents.core.event_store import OnEvents, StoredEvent, T, Unsubscribe
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.owner import Role
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.engines.leaving import LeavingEngine
from parallel_agents.engines.ownership import DeathWatch, mark_dead, this_process
from parallel_agents.errors import StoreError
from parallel_agents.searching.store_search import StoreSearch
from parallel_agents.settings import Environment, Settings

# Its next task follows soon: a worker that has just ended would have to be started again.
LINGER_SECONDS = 60.0
_LOOK_SECONDS = 5.0
_LOG = logging.getLogger("parallel_agents")


class ThinClient(Client):
    """A client whose runs are in the store before it says so, and in a worker before it answers.

    The store and its events are the only line between the two, so that the end of this process,
    however sudden, costs no run and no call.

    Attributes:
        home: the folder of the store.
    """

    def __init__(self, resources: Resources) -> None:
        self._engine = LeavingEngine()
        self._store = resources.store
        self.home = resources.environment.home
        self.transcripts = StoreSearch(
            resources.store, resources.environment.home, keeps_index=True
        )
        self._deaths = DeathWatch(this_process(Role.SCRIPT))
        super().__init__(resources, self._engine)
        self.workers: Workers = self.workers.lingering(LINGER_SECONDS)
        self._handing = asyncio.Lock()  # guards the runs that are being handed to a worker
        self._left = LeftToWorkers(
            resources.environment, resources.store, self.workers, _LOG.warning
        )

    async def hand_to_worker(self) -> str:
        """Make sure that a worker executes what was started here; say what stood in the way, if anything."""
        async with self._handing:
            faults = await asyncio.gather(*map(self._hand, self._engine.take()))
        return next(filter(None, faults), "")

    async def _hand(self, row: Row) -> str:
        try:
            await self.workers.ensure(row.session.key, row.run.id)
        except (OSError, StoreError) as error:
            return f"no worker could be started ({error}); `pagents work` executes what waits"
        return ""

    def subscribe(self, on_events: OnEvents) -> Unsubscribe:
        """Call `on_events` on the loop with every batch of new events, whoever wrote them, in order."""
        return self._store.subscribe(on_events)

    def on_failure(self, tell: Callable[[StoreError], None]) -> Unsubscribe:
        """Call `tell` on the loop once the store can no longer be written or watched."""
        return self._store.on_failure(tell)

    async def notice_deaths(self) -> None:
        """Mark the processes that have died, so that what they executed is seen to be left."""
        await mark_dead(self._store, self._deaths)

    async def look_after(self, *, only_reads: bool = False) -> None:
        """Notice every few seconds which processes have died, and have a worker continue what they left.

        Whoever waits through this process may be on another machine, and could start none.

        Args:
            only_reads: no worker is started.

        Raises:
            StoreError: the store has failed.
        """
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            await self.notice_deaths()
            if not only_reads:
                await self._left.sweep()

    async def aclose(self) -> None:
        """Hand what is left to a worker."""
        await self.hand_to_worker()
        await self._left.aclose()

    async def last_pruning(self) -> int:
        """A number that changes when sessions are removed from the store, which no event says."""
        mark = await self._store.mark()
        return mark.pruning if mark is not None else 0

    async def fold_events(
        self,
        fold: Callable[[Iterable[StoredEvent]], T],
        *,
        tree: SessionKey,
        after: int,
        limit: int,
    ) -> T:
        """What `fold` makes of a page of events of a tree while they are read, in another thread."""
        return await self._store.fold_events(fold, tree=tree, after=after, limit=limit)

    def on_behalf(self, via: str) -> SessionVerbs:
        """The verbs for somebody who acts through this process; the journal says so of what they do."""
        return self.service.on_behalf(via)


@asynccontextmanager
async def open_thin(
    environment: Environment, settings: Settings, client: str = ""
) -> AsyncGenerator[ThinClient]:
    """The verbs for a process that comes and goes; a worker executes what it starts.

    What it spawns at the root of a tree is marked with the name of the `client` that it spawns for.

    Raises:
        ConfigError, StoreError: the settings or the store cannot be used.
    """
    parts = Parts(client=client)
    async with open_leaving(environment, settings, ThinClient, parts) as thin:
        try:
            yield thin
        finally:
            await thin.aclose()
