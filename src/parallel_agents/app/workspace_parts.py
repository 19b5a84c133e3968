"""Workspace parts: the workspaces that a NAME means: a session's own, or those of all below it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.core.verbs import SessionReads
from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.workspaces.record import Record, Room

_NAMED = 5


class Part(NamedTuple):
    """A session's own workspace."""

    row: Row
    room: Room
    record: Record

    @property
    def files(self) -> Path:
        return self.room.files(self.record)


async def find_part(sessions: SessionReads, home: Path, name: str) -> Part:
    """The workspace of the session of that name, or of the one member of a team that has one.

    Raises:
        NotFound: it has none.
        InvalidInput: several members of the team have one.
    """
    row = await sessions.find(name)
    if not row.run.kind.is_group:
        room = Room(home, row.session.key)
        return Part(row, room, _own_record(room, row))
    parts = await _parts_below(sessions, home, row)
    if len(parts) > 1:
        listed = ", ".join(f"{name}/{part.row.session.label}" for part in parts[:_NAMED])
        raise InvalidInput(
            f"{len(parts)} sessions of {name} have workspaces",
            why=f"{listed}{', …' if len(parts) > _NAMED else ''}",
            hint=f"name one of them; `pagents merge {name} --all` merges all",
        )
    if not parts:
        raise _nothing(row)
    return parts[0]


async def find_parts(sessions: SessionReads, home: Path, name: str) -> Sequence[Part]:
    """The workspaces of a session and all that it spawned, each before the one that it came from.

    Raises:
        NotFound: there is none.
    """
    row = await sessions.find(name)
    parts = await _parts_below(sessions, home, row)
    if not parts:
        raise _nothing(row)
    return parts


async def _parts_below(sessions: SessionReads, home: Path, row: Row) -> list[Part]:
    rows = await sessions.list(Filter(tree=row.session.key))
    found: list[Part] = []
    # Children before their parents, whose workspaces take what they did; siblings as they began.
    for each in sorted(rows, key=lambda row: (-row.session.depth, row.session.created_at)):
        room = Room(home, each.session.key)
        record = room.record
        if record is not None and not record.is_shared:
            found.append(Part(each, room, record))
    return found


def _nothing(row: Row) -> NotFound:
    return NotFound(
        f"no session of {row.session.name} has a workspace",
        hint="start it with --workspace DIR, in Python workspace=Workspace.own(DIR)",
    )


def _own_record(room: Room, row: Row) -> Record:
    """The record of the session's own workspace.

    Raises:
        NotFound: it has none.
    """
    record = room.record
    if record is not None and not record.is_shared:
        return record
    name = row.session.name
    if record is not None:
        raise NotFound(
            f"{name} works in the folder of its parent", hint=f"name the parent: {record.parent}"
        )
    options = row.session.options
    if options.workspace is None:
        why = f"it works in {options.cwd}" if options.cwd else "it was started without one"
        raise NotFound(
            f"{name} has no workspace of its own",
            why=why,
            hint="start it with --workspace DIR, in Python workspace=Workspace.own(DIR)",
        )
    raise NotFound(
        f"the workspace of {name} is not there",
        why="the run has not begun, or the workspace was removed",
        hint=f"`pagents show {name}` shows how it is doing",
    )
