"""Retaining: what the settings do not keep leaves the store by itself, a little at each heartbeat."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Sequence
from pathlib import Path

from parallel_agents.app.unreferenced import Unreferenced
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.store import Store
from parallel_agents.core.store_care import Retention
from parallel_agents.errors import PruneRefused
from parallel_agents.lock import hold_nowait

IDLE_SECONDS = 600.0
_BY = "retention"
_RUNS_LOOKED_AT = 500
_TREES_AT_ONCE = 50
# Below this, holes are left to what comes next: to fill them costs less than to move pages.
_LEAST_HOLES, _SHARE_OF_HOLES = 64_000_000, 0.25
_log = logging.getLogger(__name__)


class Retaining:
    """Applies a retention to a store, as one of the processes that do.

    Args:
        store: what is pruned.
        home: the folder of the store.
        retention: what is kept; nothing is done unless it is set.
    """

    def __init__(self, store: Store, home: Path, retention: Retention) -> None:
        self._store = store
        self._home = home
        self._retention = retention
        self._files = Unreferenced(store, home)
        self._cursor = 0.0
        self._planned: Sequence[SessionKey] = ()
        self._is_removing = False
        self._resume_at = -math.inf
        self._has_pruned = False
        self._is_stopped = False

    async def sweep(self) -> None:
        """Take one small step, unless another process is about to.

        Raises:
            StoreError: the store cannot be read or written.
        """
        if not self._retention.is_set or self._is_stopped:
            return
        now = asyncio.get_running_loop().time()
        if now < self._resume_at:
            return
        with hold_nowait(self._home / ".retention.lock") as is_held:
            if is_held and not await self._step():
                await self._rest()
                self._resume_at = now + IDLE_SECONDS

    async def _step(self) -> bool:
        """Remove a little; whether there may be more to remove."""
        begin, was_removing = await self._next(), self._is_removing
        try:
            step = await self._store.prune_step(begin, by=_BY, why=self._why)
        except PruneRefused as refusal:
            self._is_stopped = True
            _log.warning("nothing leaves the store any more: %s; %s", refusal, refusal.hint)
            return False
        self._has_pruned = self._has_pruned or step.runs > 0
        self._is_removing = not step.is_done
        return self._is_removing or was_removing or bool(begin) or self._cursor > 0

    @property
    def _why(self) -> str:
        kept = self._retention
        parts: list[str] = []
        if kept.older_than is not None:
            parts.append(f"older than {kept.older_than / 86_400:g} days")
        if kept.larger_than is not None:
            parts.append(f"store over {kept.larger_than:,} bytes")
        return ", ".join(parts)

    async def _next(self) -> Sequence[SessionKey]:
        """The next trees that may go: those that are too old, or else those that make room."""
        if self._retention.older_than is not None:
            found = await self._next_old(self._retention.older_than)
            if found or self._cursor > 0:
                return found
        if not self._planned and not self._is_removing:
            self._planned = await self._plan_for_room()
        chosen = self._planned[:_TREES_AT_ONCE]
        self._planned = self._planned[_TREES_AT_ONCE:]
        return chosen

    async def _next_old(self, seconds: float) -> Sequence[SessionKey]:
        """Some of those that ended so long ago, from where the last look ended."""
        found, cursor = await self._store.next_prunable(self._cursor, seconds, _RUNS_LOOKED_AT)
        self._cursor = cursor or 0.0
        busy = await self._files.trees_with_workspaces() if found else ()
        return [tree for tree in found if tree not in busy][:_TREES_AT_ONCE]

    async def _plan_for_room(self) -> Sequence[SessionKey]:
        """As many of the oldest as it takes until the store is small enough."""
        most = self._retention.larger_than
        if most is None or (await self._store.pages()).used <= most:
            return ()
        busy = await self._files.trees_with_workspaces()
        plan = await self._store.plan_pruning(Retention(larger_than=most), busy)
        return [tree.key for tree in plan.trees]

    async def _rest(self) -> None:
        """Once nothing is left to prune: remove files, and give a part of the holes back."""
        if self._has_pruned:
            self._has_pruned = False
            await self._files.clear()
        pages = await self._store.pages()
        while pages.can_shrink and pages.free > max(_LEAST_HOLES, pages.file * _SHARE_OF_HOLES):
            left = await self._store.shrink_step()
            if left.free >= pages.free:
                return
            pages = left
