"""Comparing: what differs in a workspace from its base, as entries, counts and a patch."""

from __future__ import annotations

import os
import stat
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.workspace import Changes
from parallel_agents.errors import GitFailed, WorkspaceError
from parallel_agents.git import find_git, missing_git
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Stamp, Stamped
from parallel_agents.workspaces.git_names import git_takes
from parallel_agents.workspaces.listing import list_folder, list_new
from parallel_agents.workspaces.record import Record, Room
from parallel_agents.workspaces.rooted import Blocked, Rooted

_MOST_BYTES = 500_000_000
# The clock of a file system ticks every few milliseconds: a later change may have the same time.
_TICK_NANOSECONDS = 50_000_000


class Change(NamedTuple):
    """A file that differs; None where it does not exist."""

    before: Entry | None
    after: Entry | None


def changes_of(room: Room, record: Record, base: Mapping[str, Stamped]) -> dict[str, Change]:
    """The files that differ in a workspace from `base`; the contents of the new ones are stored."""
    files, blobs = room.files(record), room.blobs
    trusted = int(record.made_at * 1e9) - _TICK_NANOSECONDS
    if record.is_repository and find_git() is None:
        raise missing_git()
    found: dict[str, Change] = {}
    with Rooted(files) as root:
        for path in _paths(files, record, blobs, base):
            old = base.get(path)
            try:
                seen = root.look(path)
                if seen is not None and old is not None:
                    stamp = Stamp.of(seen)
                    if stamp == old.stamp and stamp.changed < trusted:
                        continue
                _check_size(files / path, seen)
                new = None if seen is None else root.read(path)
            except Blocked:
                new = None
            before = None if old is None else old.entry
            after = None if new is None else new.entry
            if before != after:
                if new is not None:
                    blobs.add(new.content, new.entry.oid)
                found[path] = Change(before, after)
    return found


def _check_size(path: Path, seen: os.stat_result | None) -> None:
    if seen is not None and stat.S_ISREG(seen.st_mode) and seen.st_size > _MOST_BYTES:
        raise WorkspaceError(
            f"{path} has {seen.st_size / 1e6:,.0f} MB",
            why=f"a changed file of a workspace may have {_MOST_BYTES / 1e6:,.0f} MB",
            hint="remove it there, or name it in the .gitignore there; move it by hand if you need it",
        )


def _paths(files: Path, record: Record, blobs: Blobs, base: Mapping[str, Stamped]) -> Iterable[str]:
    """All files of the base, and those of the folder that are not ignored, by folders."""
    if record.is_repository:
        try:
            listed = list_new(blobs.git, files)
        except GitFailed as error:
            raise WorkspaceError(
                f"git cannot list the files of the workspace {files}",
                why=error.why,
                hint="the files are whole: copy what you need from there",
            ) from error
    else:
        listed = list_folder(files).new
    return sorted(base.keys() | set(listed), key=by_folder)


def by_folder(path: str) -> tuple[str, str]:
    """The key by which paths are sorted so that the files of a folder are together."""
    above, _, name = path.rpartition("/")
    return above, name


class Trees(NamedTuple):
    """The files that differ as two trees of git."""

    before: str
    after: str


def trees_of(blobs: Blobs, changes: Mapping[str, Change]) -> Trees:
    """The trees of the files that differ, before and after, but for `not_in_trees`."""
    out = set(not_in_trees(changes))
    before = {path: each.before for path, each in changes.items() if path not in out}
    after = {path: each.after for path, each in changes.items() if path not in out}
    return Trees(write_tree(blobs, before), write_tree(blobs, after))


def not_in_trees(changes: Mapping[str, Change]) -> list[str]:
    """The files that differ and that git takes into no tree, by their names."""
    return [path for path, each in changes.items() if not git_takes(path, *each)]


def write_tree(blobs: Blobs, entries: Mapping[str, Entry | None]) -> str:
    """A tree of git with these files; None stands for one that is not there.

    Raises:
        WorkspaceError: git left one out, which would look as if it were not there.
    """
    there = {path: entry for path, entry in entries.items() if entry is not None}
    lines = "".join(f"{each.mode} {each.oid}\t{path}\0" for path, each in there.items())
    with tempfile.TemporaryDirectory(dir=blobs.folder) as folder:
        git = blobs.git._replace(index_file=Path(folder) / "index")
        git.run("update-index", "-z", "--index-info", given=os.fsencode(lines))
        held = set(os.fsdecode(git.run("ls-files", "-z")).split("\0"))
        if left_out := there.keys() - held:
            raise WorkspaceError(
                f"git takes no file of the name {min(left_out)!r}",
                why="it would take it for a part of a repository",
                hint="rename it in the workspace",
            )
        return git.run("write-tree", "--missing-ok").decode().strip()


def count(blobs: Blobs, changes: Mapping[str, Change]) -> Changes:
    """How much differs; a renamed file is one."""
    if not changes:
        return Changes(files=0)
    if find_git() is None:
        return Changes(files=len(changes))
    trees, others = trees_of(blobs, changes), len(not_in_trees(changes))
    lines = blobs.git.run("diff-tree", "-r", "-M", "--numstat", *trees).splitlines()
    numbers = [line.split(b"\t")[:2] for line in lines]
    added, removed = (
        sum(int(pair[side]) for pair in numbers if pair[side].isdigit()) for side in (0, 1)
    )
    return Changes(files=len(numbers) + others, added=added, removed=removed)


def patch_of(blobs: Blobs, changes: Mapping[str, Change], *options: str) -> bytes:
    """The differences as `git diff-tree` writes them with these options."""
    trees = trees_of(blobs, changes)
    return blobs.git.run(
        "diff-tree", "-r", "-M", "--no-ext-diff", "--no-textconv", *options, *trees
    )
