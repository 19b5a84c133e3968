"""Unreferenced: files of a home that nothing in its store needs any more: contents, workspaces and sent rows."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Collection
from pathlib import Path

from parallel_agents.app.map_files import MapFiles
from parallel_agents.artifacts import ArtifactFolder
from parallel_agents.core.ids import SessionKey, make_flow_key
from parallel_agents.core.store import Filter, Store
from parallel_agents.core.store_care import YOUNG_SECONDS, Size
from parallel_agents.lock import hold
from parallel_agents.maps.request import MAP
from parallel_agents.workspaces.names import rooms
from parallel_agents.workspaces.record import Room
from parallel_agents.workspaces.tending import Kept, finish_removals, remove, workspaces_in

_log = logging.getLogger(__name__)
_AT_ONCE = 500


class Unreferenced:
    """The files beside a store.

    Args:
        store: says what is needed.
        home: the folder that both are in.
    """

    def __init__(self, store: Store, home: Path) -> None:
        self._store = store
        self._home = home
        self._folder = ArtifactFolder(home)

    async def unmerged_trees(self) -> Collection[SessionKey]:
        """The trees with workspaces of which something is not merged, or cannot be told to be."""
        found = await asyncio.to_thread(workspaces_in, self._home) if self.has_workspaces else ()
        sessions = [kept.room.session for kept in found if not kept.may_go]
        return await self._roots([session for session in sessions if session])

    async def trees_with_workspaces(self) -> Collection[SessionKey]:
        """The trees with workspaces, merged or not, which takes less time to find out."""
        if not self.has_workspaces:
            return ()

        def sessions() -> list[SessionKey]:
            folders = [each for each in rooms(self._home).iterdir() if each.is_dir()]
            return [Room.at(self._home, each).session for each in folders]

        return await self._roots([each for each in await asyncio.to_thread(sessions) if each])

    @property
    def has_workspaces(self) -> bool:
        return rooms(self._home).is_dir()

    async def _roots(self, sessions: Collection[SessionKey]) -> Collection[SessionKey]:
        found = [await self._store.rows(Filter(session=session)) for session in sessions]
        return {row.session.root for rows in found for row in rows}

    async def clear(self) -> tuple[Size, Size]:
        """Remove contents that no tree shares, and workspaces and rows whose sessions are gone.

        What is of the last hour stays, as it may be about to be shared or begun; so does a workspace
        that is not merged.

        Returns:
            The contents, with the rows that other machines had sent, and the workspaces that were removed.
        """
        contents, rows = await self._clear_contents(), await self._clear_rows()
        removed = Size(contents.number + rows.number, contents.bytes + rows.bytes)
        return removed, await self._clear_workspaces()

    async def _clear_rows(self) -> Size:
        maps = MapFiles(self._home)
        number = size = 0
        for key in await asyncio.to_thread(maps.older_than, YOUNG_SECONDS):
            if not await self._store.rows(Filter(session=make_flow_key(MAP, key))):
                number, size = number + 1, size + await asyncio.to_thread(maps.forget, key)
        return Size(number, size)

    async def _clear_contents(self) -> Size:
        stored = await asyncio.to_thread(self._folder.older_than, YOUNG_SECONDS)
        number = size = 0
        for first in range(0, len(stored), _AT_ONCE):
            part = stored[first : first + _AT_ONCE]
            needed = await self._store.referred_contents([each.id for each in part])
            for each in part:
                if each.id not in needed and await asyncio.to_thread(
                    self._folder.remove, each.id, older_than=YOUNG_SECONDS
                ):
                    number, size = number + 1, size + each.size
        return Size(number, size)

    async def _clear_workspaces(self) -> Size:
        if not self.has_workspaces:
            return Size()
        await asyncio.to_thread(finish_removals, self._home)
        number = size = 0
        for kept in await asyncio.to_thread(workspaces_in, self._home):
            if await self._is_lost(kept):
                async with hold(kept.room.lock):
                    await asyncio.to_thread(remove, kept.room)
                number, size = number + 1, size + kept.size
        return Size(number, size)

    async def _is_lost(self, kept: Kept) -> bool:
        session = kept.room.session
        if not session or await self._store.rows(Filter(session=session)):
            return False
        if not kept.may_go:
            _log.warning("%s stays: it is not merged, and its session is gone", kept.room.folder)
        return kept.may_go
