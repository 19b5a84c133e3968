"""Returning: a workspace's changes back into its source, as often as somebody asks."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncGenerator, Collection, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from parallel_agents.core.workspace_verbs import Conflicts
from parallel_agents.errors import GitFailed, WorkspaceError
from parallel_agents.lock import hold
from parallel_agents.workspaces.applying import Journal, apply
from parallel_agents.workspaces.comparing import Change, changes_of
from parallel_agents.workspaces.entries import Entry, Mode, Stamp, Stamped
from parallel_agents.workspaces.foretold import Foretold
from parallel_agents.workspaces.listing import list_source
from parallel_agents.workspaces.merging import Conflict, Plan, plan
from parallel_agents.workspaces.names import rooms
from parallel_agents.workspaces.record import Record, Room
from parallel_agents.workspaces.resolving import Clash, Resolution

_NO_STAMP = Stamp(0, 0, 0, 0)
_GONE = Entry(Mode.FILE, "")


class Merged(NamedTuple):
    """What a merge did, or would do.

    Attributes:
        changed: the files that it wrote or removed in the source.
        conflicts: the files that both sides changed; one that is also in `changed` has both versions
            between conflict marks, the others are left as they are.
        same: how many files were in the source already, or were brought there by an earlier merge.
        was_broken_off: an earlier merge had been killed, and was finished first.
        clashes: those of the conflicts that new content for the file would resolve.
        edited: the files that had conflict marks, and that somebody has edited: they are as they are to be.
    """

    changed: list[str]
    conflicts: list[Conflict]
    same: int
    was_broken_off: bool = False
    clashes: Mapping[str, Clash] = MappingProxyType({})
    edited: frozenset[str] = frozenset()


@asynccontextmanager
async def sole_writer(home: Path, source: str) -> AsyncGenerator[None]:
    """A block in which no other merge writes to a folder."""
    digest = hashlib.sha256(os.fsencode(source)).hexdigest()[:16]
    async with hold(rooms(home) / f".into-{digest}.lock"):
        yield


def unmerged(room: Room, record: Record) -> dict[str, Change]:
    """What a workspace changed that is not in its source yet, as far as merges know."""
    return changes_of(room, record, _effective(room))


def merge(
    room: Room,
    record: Record,
    conflicts: Conflicts,
    *,
    foretold: Foretold | None = None,
    resolved: Mapping[str, Resolution] = MappingProxyType({}),
) -> Merged:
    """Bring what a workspace changed into its source, or only say what would happen.

    Args:
        room: where the workspace is.
        record: how it was made.
        conflicts: what becomes of files that both sides changed.
        foretold: has it only say so, and notes it for the merges that follow in the same preview.
        resolved: a file becomes what this says if it is still in the same conflict.

    Raises:
        WorkspaceError: the source is gone, or a file cannot be written.
    """
    source = Path(record.source)
    if not source.is_dir():
        raise WorkspaceError(
            f"the folder {source} is gone",
            why="the workspace was made from it, and its changes go there",
            hint=f"`pagents diff` prints a patch; the files are in {room.files(record)}",
        )
    try:
        was_broken_off = foretold is None and _finish(room)
        base, earlier = _effective(room), room.read_merged()
        before = foretold or Foretold()
        changed = changes_of(room, record, base)
        changes = before.changes(room.blobs, room.files(record), changed, base)

        def new_in_source() -> list[str]:
            return sorted({*list_source(source, room.home), *before.below(source)} - base.keys())

        marked = {path: each.entry for path, each in room.read_marked().items()}
        with before.folder(source) as root:
            planned = plan(room.blobs, changes, root, conflicts, new_in_source, resolved, marked)
        if foretold is not None:
            foretold.note(room.blobs, source, planned.steps)
            return _report(planned, changes, [], earlier)
        journal = Journal(room.folder)
        now_marked = _marked_by(planned, changes)
        room.write_pending(_with(earlier, planned), _still(marked, planned) + now_marked)
        journal.write(source, planned.steps)
        late = apply(room.blobs, source, planned.steps, _mark(room))
        _close(room, journal, late)
    except GitFailed as error:
        raise WorkspaceError(
            "git could not merge the workspace", why=error.why, hint="report it with this text"
        ) from error
    except OSError as error:
        raise WorkspaceError(
            f"a file of {source} cannot be written",
            why=str(error),
            hint="make room or make it writable, then merge again: it continues where it stopped",
        ) from error
    return _report(planned, changes, late, earlier)._replace(was_broken_off=was_broken_off)


def _finish(room: Room) -> bool:
    """Finish a merge that was killed; return whether there was one."""
    journal = Journal(room.folder)
    begun = journal.read()
    if begun is None:
        return False
    source, steps = begun
    _close(room, journal, apply(room.blobs, source, steps, _mark(room)))
    return True


def _close(room: Room, journal: Journal, late: list[Conflict]) -> None:
    """Note what is merged, but for what was changed meanwhile; then the merge is over."""
    room.settle_pending({conflict.path for conflict in late})
    journal.close()


def _mark(room: Room) -> str:
    return f"{room.folder.name[-12:]}.merging"


def _effective(room: Room) -> dict[str, Stamped]:
    """The base with what was merged since: later changes are compared with that."""
    base = room.read_base()
    for path, stamped in room.read_merged().items():
        if stamped.entry.oid:
            base[path] = stamped
        else:
            base.pop(path, None)
    return base


def _with(merged: dict[str, Stamped], planned: Plan) -> list[tuple[str, Stamped]]:
    found = {path: stamped.entry for path, stamped in merged.items()}
    for path, entry in planned.settled.items():
        found[path] = entry if entry is not None else _GONE
    return [(path, Stamped(entry, _NO_STAMP)) for path, entry in found.items()]


def _marked_by(planned: Plan, changes: Mapping[str, Change]) -> list[tuple[str, Stamped]]:
    """The workspace's versions of the files that get conflict marks."""
    written = {step.path for step in planned.steps}
    entries = {
        each.path: changes[each.path].after for each in planned.conflicts if each.path in changes
    }
    return [
        (path, Stamped(entry, _NO_STAMP))
        for path, entry in entries.items()
        if path in written and entry is not None
    ]


def _still(marked: Mapping[str, Entry], planned: Plan) -> list[tuple[str, Stamped]]:
    """Those of the files with conflict marks that this merge neither writes nor finds resolved."""
    gone = planned.edited.union(step.path for step in planned.steps)
    return [(path, Stamped(each, _NO_STAMP)) for path, each in marked.items() if path not in gone]


def _report(
    planned: Plan, changes: dict[str, Change], late: list[Conflict], earlier: Collection[str]
) -> Merged:
    missed = {conflict.path for conflict in late}
    changed = [step.path for step in planned.steps if step.path not in missed]
    left = {conflict.path for conflict in planned.conflicts}
    alike = changes.keys() - set(changed) - left - missed - planned.edited
    same = len(alike.union(earlier) - set(changed) - left - missed - planned.edited)
    every = [*planned.conflicts, *late]
    return Merged(changed, every, same, clashes=planned.clashes, edited=planned.edited)
