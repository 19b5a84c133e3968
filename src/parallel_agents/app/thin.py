"""Thin client: the verbs in a process that executes nothing; a worker of the home executes what it starts."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from parallel_agents.app.client import Client, Resources
from parallel_agents.app.opening import open_leaving
from parallel_agents.app.parts import Parts
from parallel_agents.app.workers import Workers
from parallel_agents.engines.leaving import LeavingEngine
from parallel_agents.errors import StoreError
from parallel_agents.settings import Environment, Settings

# Its next task follows soon: a worker that has just ended would have to be started again.
LINGER_SECONDS = 60.0


class ThinClient(Client):
    """A client whose runs are in the store before it says so, and in a worker before it answers.

    The store and its events are the only line between the two, so that the end of this process,
    however sudden, costs no run and no call.
    """

    def __init__(self, resources: Resources) -> None:
        self._engine = LeavingEngine()
        super().__init__(resources, self._engine)
        self.workers: Workers = self.workers.lingering(LINGER_SECONDS)
        self._handing = asyncio.Lock()  # guards the runs that are being handed to a worker

    async def hand_to_worker(self) -> str:
        """Make sure that a worker executes what was started here; say what stood in the way, if anything."""
        async with self._handing:
            for row in self._engine.take():
                try:
                    await self.workers.ensure(row.session.key, row.run.id)
                except (OSError, StoreError) as error:
                    return (
                        f"no worker could be started ({error}); `pagents work` executes what waits"
                    )
        return ""


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
            await thin.hand_to_worker()
