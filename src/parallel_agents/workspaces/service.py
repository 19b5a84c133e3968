"""Service: the workspaces in a home folder, for runs and for whoever looks after them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.session import Session
from parallel_agents.core.workspace import Changes, Place
from parallel_agents.errors import WorkspaceError
from parallel_agents.lock import hold
from parallel_agents.workspaces.comparing import changes_of, count, patch_of
from parallel_agents.workspaces.making import LIMITS, Limits, make
from parallel_agents.workspaces.record import Record, Room


class HomeWorkspaces:
    """The workspaces in a home folder.

    Args:
        home: the folder of the store.
        limits: what a workspace may be made of.
        now: seconds since the epoch.
    """

    def __init__(
        self, home: Path, limits: Limits = LIMITS, now: Callable[[], float] = time.time
    ) -> None:
        self._home = home
        self._limits = limits
        self._now = now

    async def folder(self, session: Session) -> str:
        """The folder in which a session works, made if necessary; empty for that of the process.

        Raises:
            WorkspaceError: it cannot be made.
        """
        asked = session.options.workspace
        if asked is None:
            return session.options.cwd
        room = Room(self._home, session.key)
        async with hold(room.lock):
            record = await asyncio.to_thread(self._made, room, session, asked.place, asked.folder)
        folder = room.files(record) / record.below
        if not folder.is_dir():
            raise WorkspaceError(
                f"the workspace {folder} is gone",
                why="somebody removed it after it was made",
                hint="spawn the task again: it gets a new one",
            )
        return str(folder)

    async def changes(self, session: Session) -> Changes | None:
        """What a session has changed in its own copy so far; None if it has none, or it is gone."""
        room = Room(self._home, session.key)
        return await asyncio.to_thread(self._changes, room)

    def _made(self, room: Room, session: Session, place: Place, folder: str) -> Record:
        if (found := room.record) is not None:
            return found
        above = None if session.parent is None else self._above(session.parent)
        if place is Place.PARENT:
            if above is None:
                raise _no_parent(session)
            shared = Record(
                session=session.key,
                source=str(above),
                below=".",
                parent=session.parent or "",
                is_repository=False,
                commit="",
                made_at=self._now(),
                is_shared=True,
            )
            room.write(shared)
            return shared
        if not folder and above is None:
            raise _no_parent(session)
        return make(
            room,
            Path(folder) if folder else above or Path(),
            home=self._home,
            parent="" if folder else session.parent or "",
            limits=self._limits,
            now=self._now,
        )

    def _above(self, parent: SessionKey) -> Path | None:
        """The folder in which the parent works, if it has a workspace."""
        room = Room(self._home, parent)
        record = room.record
        return None if record is None else room.files(record) / record.below

    def _changes(self, room: Room) -> Changes | None:
        record = room.record
        if record is None or record.is_shared or not room.files(record).is_dir():
            return None
        changes = changes_of(room, record, room.read_base())
        counted = count(room.blobs, changes)
        patch = patch_of(room.blobs, changes, "-p", "--binary", "--full-index") if changes else b""
        (room.folder / "changes.patch").write_bytes(patch)
        return counted


def _no_parent(session: Session) -> WorkspaceError:
    return WorkspaceError(
        f"the workspace of the parent of {session.label} is gone",
        why="it was removed before the session began",
        hint="spawn the parent's task again",
    )
