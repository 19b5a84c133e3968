"""Housing: the folder of one session, as its options ask for it, and what it has changed there."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.session import Session
from parallel_agents.core.workspace import Changes, Place
from parallel_agents.errors import WorkspaceError
from parallel_agents.git import find_git
from parallel_agents.workspaces.comparing import changes_of, count, patch_of
from parallel_agents.workspaces.limits import Limits
from parallel_agents.workspaces.making import make
from parallel_agents.workspaces.record import Record, Room

_PATCH = "changes.patch"


def house(session: Session, home: Path, *, limits: Limits, now: Callable[[], float]) -> Path:
    """The folder in which a session with a workspace works, made if necessary.

    Raises:
        WorkspaceError: it cannot be made.
    """
    room = Room(home, session.key)
    record = room.record or _made(room, session, limits, now)
    folder = room.files(record) / record.below
    if not folder.is_dir():
        raise WorkspaceError(
            f"the workspace {folder} is gone",
            why="somebody removed it after it was made",
            hint="spawn the task again: it gets a new one",
        )
    return folder


def changed(session: Session, home: Path) -> Changes | None:
    """How much a session has changed in its own copy, which is also written as a patch beside it.

    Raises:
        WorkspaceError, OSError: that cannot be told.
    """
    room = Room(home, session.key)
    record = room.record
    if record is None or record.is_shared or not room.files(record).is_dir():
        return None
    changes = changes_of(room, record, room.read_base())
    if changes and find_git() is not None:
        patch = patch_of(room.blobs, changes, "-p", "--binary", "--full-index")
        (room.folder / _PATCH).write_bytes(patch)
    return count(room.blobs, changes)


def _made(room: Room, session: Session, limits: Limits, now: Callable[[], float]) -> Record:
    asked = session.options.workspace
    above = None if session.parent is None else _folder_of(session.parent, room.home)
    if asked is None or (above is None and not asked.folder):
        raise WorkspaceError(
            f"the workspace of the parent of {session.label} is gone",
            why="it was removed before the session began",
            hint="spawn the parent's task again",
        )
    if asked.place is Place.PARENT:
        shared = Record(
            session=session.key,
            source=str(above),
            below=".",
            parent=session.parent or "",
            is_repository=False,
            commit="",
            made_at=now(),
            is_shared=True,
        )
        room.write(shared)
        return shared
    return make(
        room,
        Path(asked.folder) if asked.folder else above or Path(),
        home=room.home,
        parent="" if asked.folder else session.parent or "",
        limits=limits,
        now=now,
    )


def _folder_of(parent: SessionKey, home: Path) -> Path | None:
    """The folder in which a parent works, if it has a workspace."""
    room = Room(home, parent)
    record = room.record
    return None if record is None else room.files(record) / record.below
