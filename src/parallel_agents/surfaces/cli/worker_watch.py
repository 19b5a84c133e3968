"""WorkerWatch: whether somebody works on what is waited for; where nobody does, a worker is started."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from parallel_agents.app.app import App
from parallel_agents.core.store import Filter, OwnerState, Row
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import format, render
from parallel_agents.surfaces.worker import ensure_worker

_LOOK_SECONDS = 10.0


class WorkerWatch:
    """Looks now and then at the trees of some sessions, and says each thing once.

    Attributes:
        left: names of those that nobody works on, and that no worker can take up.
    """

    def __init__(self, client: App, environment: Environment, roots: Sequence[Row]) -> None:
        self._client = client
        self._environment = environment
        self._roots = roots
        self.left: set[str] = set()

    async def keep(self) -> None:
        """Look until cancelled."""
        while True:
            for root in self._roots:
                await self._look(root)
            await asyncio.sleep(_LOOK_SECONDS)

    async def _look(self, root: Row) -> None:
        chosen = Filter(tree=root.session.key, is_live=True, every_run=True)
        rows = await self._client.store.rows(chosen)
        nobodys = [row for row in rows if row.owner_state in (None, OwnerState.DEAD)]
        name = format.name(root)
        able = [row for row in nobodys if not self._client.rules.lacks(row)]
        if able:
            first = min(able, key=lambda row: (row.run.created_at, row.run.number))
            where = (self._environment, first.session.key, first.run.id)
            if await ensure_worker(self._client, *where):
                render.note(f"Nobody worked on {name}; a worker in the background does now.")
        elif nobodys:
            self._say_left(name, f"{self._client.rules.lacks(nobodys[0])}. With it")
        elif any(row.owner_state is OwnerState.GONE for row in rows):
            self._say_left(name, "it was stopped. Go on")

    def _say_left(self, name: str, why: str) -> None:
        if name not in self.left:
            self.left.add(name)
            render.note(f"Nobody works on {name}: {why}: pagents resume {name}", "yellow")
