"""Tending: which workspaces a home has, how large they are, and how they are removed."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.workspace import Changes
from parallel_agents.errors import WorkspaceError
from parallel_agents.workspaces.comparing import count
from parallel_agents.workspaces.names import rooms
from parallel_agents.workspaces.record import Record, Room
from parallel_agents.workspaces.returning import unmerged

_REMOVING = ".removing-"


class Kept(NamedTuple):
    """A workspace that a home has.

    Attributes:
        record: None if it was not made to its end.
        unmerged: what is not in its source yet; None if that cannot be told.
        size: the bytes that it takes up.
    """

    room: Room
    record: Record | None
    unmerged: Changes | None
    size: int

    @property
    def may_go(self) -> bool:
        """Whether nothing is lost with it."""
        return self.record is None or (self.unmerged is not None and not self.unmerged.files)


def workspaces_in(home: Path) -> list[Kept]:
    """The workspaces of a home, without the folders that sessions share."""
    found: list[Kept] = []
    for folder in _folders(rooms(home)):
        room = Room.at(home, folder)
        try:
            record = room.record
        except WorkspaceError:
            found.append(Kept(room, None, None, size_of(folder)))
            continue
        if record is not None and record.is_shared:
            continue
        found.append(Kept(room, record, _unmerged(room, record), size_of(folder)))
    return found


def remove(room: Room) -> None:
    """Remove a workspace; once it has begun, nobody takes what is left for a workspace.

    Raises:
        OSError: something of it cannot be removed.
    """
    aside = room.folder.with_name(f"{_REMOVING}{room.folder.name}")
    if aside.exists():
        shutil.rmtree(aside)
    room.folder.rename(aside)
    shutil.rmtree(aside)
    room.lock.unlink(missing_ok=True)


def finish_removals(home: Path) -> None:
    """Remove what a process that was killed left of removals."""
    place = rooms(home)
    for folder in place.glob(f"{_REMOVING}*") if place.is_dir() else ():
        shutil.rmtree(folder, ignore_errors=True)


def size_of(folder: Path) -> int:
    """The bytes on the disk of all that is in a folder."""
    total = 0
    for above, _, names in os.walk(folder):
        for name in names:
            try:
                total += os.lstat(os.path.join(above, name)).st_blocks * 512  # noqa: PTH118 - as walk gives it
            except OSError:
                continue
    return total


def _folders(place: Path) -> Iterator[Path]:
    if place.is_dir():
        yield from sorted(
            each for each in place.iterdir() if each.is_dir() and not each.name.startswith(".")
        )


def _unmerged(room: Room, record: Record | None) -> Changes | None:
    if record is None:
        return None
    if not room.files(record).is_dir():
        return Changes(files=0)
    try:
        return count(room.blobs, unmerged(room, record))
    except (WorkspaceError, OSError):
        return None
