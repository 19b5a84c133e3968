"""WorkerWatch: whether somebody works on what is waited for; where nobody does, a worker is started."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from parallel_agents.app.client import Client
from parallel_agents.core.store import Filter, OwnerState, Row
from parallel_agents.surfaces.cli import render
from parallel_agents.views import format

_LOOK_SECONDS = 10.0


class WorkerWatch:
    """Looks now and then at the trees of some sessions, and says each thing once.

    Attributes:
        left: names of those that nobody works on, and that no worker can take up.
    """

    def __init__(self, client: Client, roots: Sequence[Row]) -> None:
        self._client = client
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
        rows = await self._client.sessions.list(chosen)
        nobodys = [row for row in rows if row.owner_state in (None, OwnerState.DEAD)]
        name = format.name(root)
        able = [row for row in nobodys if not self._client.readiness.lacks(row)]
        if able:
            first = min(able, key=lambda row: (row.run.created_at, row.run.number))
            if await self._client.workers.ensure(first.session.key, first.run.id):
                render.note(f"Nobody worked on {name}; a worker in the background does now.")
        elif nobodys:
            self._say_left(name, f"{self._client.readiness.lacks(nobodys[0])}. With it")
        elif any(row.owner_state is OwnerState.GONE for row in rows):
            self._say_left(name, "it was stopped. Go on")

    def _say_left(self, name: str, why: str) -> None:
        if name not in self.left:
            self.left.add(name)
            render.note(f"Nobody works on {name}: {why}: pagents resume {name}", "yellow")
