"""Merging: three-way, file by file: what a workspace changed since its base, against the source as it is.

git decides on trees of only the files that matter; nothing here touches the source.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from parallel_agents.core.workspace_verbs import Conflicts
from parallel_agents.git import find_git
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.comparing import Change, write_tree
from parallel_agents.workspaces.entries import Entry, Mode
from parallel_agents.workspaces.git_names import git_takes
from parallel_agents.workspaces.listing import list_folder
from parallel_agents.workspaces.marks import has_marks, is_in_conflict, label
from parallel_agents.workspaces.resolving import Clash, Resolution
from parallel_agents.workspaces.rooted import Blocked, Found, Rooted

# What may be the new name of a file that the user renamed.
_MOST_CANDIDATES = 2_000
_MOST_CANDIDATE_BYTES = 1_000_000
_OF_GIT = "git takes no file of this name; move it by hand"
_IN_PLACE = "something else is in its place"


class Step(NamedTuple):
    """A file of the source to change: what it must be before, and what it is after."""

    path: str
    before: Entry | None
    after: Entry | None


class Conflict(NamedTuple):
    """A file that is left out, and why."""

    path: str
    why: str


class Plan(NamedTuple):
    """What a merge does.

    Attributes:
        steps: the files to change.
        conflicts: the files that are left out.
        settled: the paths whose change is in the source once the steps are done, with the state in
            the workspace that is.
        clashes: those of the conflicts that new content for the file would resolve.
        edited: the paths of `settled` whose conflict marks somebody has edited; the source has them as
            they are to be.
    """

    steps: list[Step]
    conflicts: list[Conflict]
    settled: dict[str, Entry | None]
    clashes: Mapping[str, Clash] = MappingProxyType({})
    edited: frozenset[str] = frozenset()


class _Sides(NamedTuple):
    base: dict[str, Entry | None]
    ours: dict[str, Entry | None]
    theirs: dict[str, Entry | None]


def plan(
    blobs: Blobs,
    changes: Mapping[str, Change],
    root: Rooted,
    conflicts: Conflicts,
    new_in_source: Callable[[], Sequence[str]],
    resolved: Mapping[str, Resolution] = MappingProxyType({}),
    marked: Mapping[str, Entry] = MappingProxyType({}),
) -> Plan:
    """What a merge of these changes into the folder `root` does; of `resolved` what still is that conflict.

    `marked` are the versions of the workspace beside which an earlier merge has written the source's
    between conflict marks; where the source has no marks any more, somebody has resolved the conflict.
    `new_in_source` lists the files of the source that the base has not; it is asked if a file that
    the workspace changed is gone there.

    Raises:
        WorkspaceError, GitFailed, OSError: it cannot be decided.
    """
    sides = _Sides({}, {}, {})
    left: list[Conflict] = []
    edited: dict[str, Entry | None] = {}
    for path, change in changes.items():
        if not git_takes(path, *change):
            left.append(Conflict(path, _OF_GIT))
            continue
        try:
            found = root.read(path)
        except Blocked:
            if not _makes_room(root, path, changes):
                if change.after is not None:
                    left.append(Conflict(path, _IN_PLACE))
                continue
            found = None
        if found is not None and not git_takes(path, found.entry):
            left.append(Conflict(path, _OF_GIT))
            continue
        if path in marked and change.after == marked[path] and _is_edited(blobs, change, found):
            edited[path] = change.after
            continue
        sides.base[path] = change.before
        sides.ours[path] = None if found is None else found.entry
        sides.theirs[path] = change.after
        if found is not None:
            blobs.add(found.content, found.entry.oid)
    if any(sides.base[p] and sides.theirs[p] and not sides.ours[p] for p in sides.base):
        _add_new(blobs, root, sides, new_in_source())
    left += _beneath(sides)
    planned = _decided(blobs, sides, left, conflicts, resolved)
    return planned._replace(settled=planned.settled | edited, edited=frozenset(edited))


def _is_edited(blobs: Blobs, change: Change, found: Found | None) -> bool:
    """Whether a file that got conflict marks has none any more, and is not as it was before all changes."""
    if found is None:
        return True
    before, after = (b"" if each is None else blobs.read(each.oid) for each in change)
    return found.entry != change.before and not is_in_conflict(found.content, before, after)


def _decided(
    blobs: Blobs,
    sides: _Sides,
    left: list[Conflict],
    conflicts: Conflicts,
    resolved: Mapping[str, Resolution],
) -> Plan:
    if all(sides.ours[path] in (sides.base[path], sides.theirs[path]) for path in sides.base):
        return _plain(sides, left)
    if find_git() is None:
        return _without_git(sides, left)
    return _merged(blobs, sides, left, conflicts, resolved)


def _makes_room(root: Rooted, path: str, changes: Mapping[str, Change]) -> bool:
    """Whether what is in a file's place in the source is what the workspace removed."""

    def is_removed(inner: str) -> bool:
        return inner in changes and changes[inner].after is None

    if any(is_removed(above) for above in _above(path)):
        return True
    folder = root.root / path
    if folder.is_symlink() or not folder.is_dir():
        return False
    return all(is_removed(f"{path}/{inner}") for inner in list_folder(folder).new)


def _add_new(blobs: Blobs, root: Rooted, sides: _Sides, new: Sequence[str]) -> None:
    """Let git see the source's new files: one of them may be what a missing file was renamed to."""
    for path in new[:_MOST_CANDIDATES]:
        if path in sides.base or not git_takes(path):
            continue
        try:
            size = root.size(path)
            if size is None or size > _MOST_CANDIDATE_BYTES:
                continue
            found = root.read(path)
        except (Blocked, OSError):
            continue
        if found is not None and git_takes(path, found.entry):
            sides.base[path] = sides.theirs[path] = None
            sides.ours[path] = found.entry
            blobs.add(found.content, found.entry.oid)


def _beneath(sides: _Sides) -> list[Conflict]:
    """Take out files that would need a folder where the source has a file that stays."""
    stays = {path for path, entry in sides.ours.items() if entry and sides.theirs[path]}
    found = [
        path
        for path, entry in sides.theirs.items()
        if entry and any(above in stays for above in _above(path))
    ]
    for path in found:
        for side in sides:
            del side[path]
    return [Conflict(path, _IN_PLACE) for path in found]


def _plain(sides: _Sides, left: list[Conflict]) -> Plan:
    """Nobody but the workspace changed these files, or both did the same."""
    steps = [
        Step(path, sides.ours[path], after)
        for path, after in sides.theirs.items()
        if sides.ours[path] != after
    ]
    return Plan(steps, left, dict(sides.theirs))


def _without_git(sides: _Sides, left: list[Conflict]) -> Plan:
    """Whole files only: within one, only git merges."""
    both = {
        path
        for path in sides.base
        if sides.ours[path] not in (sides.base[path], sides.theirs[path])
    }
    left += [Conflict(path, "both changed it, and git is not installed") for path in both]
    rest = _Sides(*({p: e for p, e in side.items() if p not in both} for side in sides))
    return _plain(rest, left)


def _merged(
    blobs: Blobs,
    sides: _Sides,
    left: list[Conflict],
    conflicts: Conflicts,
    resolved: Mapping[str, Resolution],
) -> Plan:
    base, ours, theirs = (write_tree(blobs, side) for side in sides)
    git = blobs.git
    first = git.text("commit-tree", "-m", "base", base)
    second = git.text("commit-tree", "-m", "source", "-p", first, ours)
    third = git.text("commit-tree", "-m", "workspace", "-p", first, theirs)
    said = git.run("merge-tree", "--write-tree", "--messages", "-z", second, third, accept=(0, 1))
    told = _read(said)
    result = _entries(git.run("ls-tree", "-r", "-z", told.tree))
    clashes = _clashes(told, sides, result)
    for path, each in resolved.items():
        if path not in told.why:
            continue
        if clashes.get(path) != each.clash:
            told.why[path] = [_STALE]
            continue
        del told.why[path], clashes[path], result[path]
        if each.after is not None:
            result[path] = each.after
    _tell_marked(blobs, told, sides)
    marked: set[str] = set()
    if conflicts is Conflicts.MARKERS:
        marked = {
            path for path in told.in_content & result.keys() if told.why.get(path) == [_SAME_LINES]
        }
    for path in marked:
        content = label(blobs.read(result[path].oid), second, third)
        result[path] = result[path]._replace(oid=blobs.add(content))
    left += [
        Conflict(path, told.why[path][0])
        for path in sorted(told.why)
        if path in result or path in sides.base
    ]
    out = told.why.keys() - marked
    steps = [
        Step(path, sides.ours.get(path), result.get(path))
        for path in sorted(result.keys() | sides.base.keys())
        if path not in out and sides.ours.get(path) != result.get(path)
    ]
    # A file that the source has renamed is in conflict by its new name.
    in_conflict = {told.versions.get(path, {}).get(_THEIRS) for path in told.why}
    settled = {
        path: entry
        for path, entry in sides.theirs.items()
        if path not in told.why
        and entry != sides.base[path]
        and not (entry and entry.oid in in_conflict)
    }
    return Plan(steps, left, settled, clashes)


def _tell_marked(blobs: Blobs, told: _Told, sides: _Sides) -> None:
    """Say of the source's files in conflict which have the marks of an earlier merge."""
    for path in told.in_content & told.why.keys():
        ours, base = sides.ours.get(path), sides.base.get(path)
        if ours and has_marks(blobs.read(ours.oid), blobs.read(base.oid) if base else b""):
            told.why[path] = [_MARKED]


class _Told(NamedTuple):
    """What `git merge-tree` says: the paths in conflict, each with the reasons and the versions."""

    tree: str
    why: dict[str, list[str]]
    in_content: set[str]
    versions: dict[str, dict[str, str]]


_SAME_LINES = "both changed the same lines"
_MARKED = "it has conflict marks already; edit it"
_REASONS = {
    "CONFLICT (contents)": _SAME_LINES,
    "CONFLICT (binary)": "both changed it, and it is not text",
    "CONFLICT (modify/delete)": "one side changed it and the other removed it",
    "CONFLICT (rename/delete)": "one side renamed it and the other removed it",
    "CONFLICT (rename/rename)": "both renamed it",
    "CONFLICT (file/directory)": "one side has a folder in its place",
    "CONFLICT (distinct modes)": "one side made something else of it, such as a link",
}
_CONTENT = "CONFLICT (contents)"
_THEIRS = "3"  # the stage of an index
_STALE = "it was changed while its conflict was resolved"
# The conflicts that new content for the file resolves, if the file is one on both sides.
_BY_CONTENT = {_REASONS[_CONTENT], _REASONS["CONFLICT (modify/delete)"]}


def _clashes(told: _Told, sides: _Sides, result: Mapping[str, Entry]) -> dict[str, Clash]:
    """The conflicts within one file, which is a file of the same name on all sides."""
    found: dict[str, Clash] = {}
    for path, why in told.why.items():
        if len(why) != 1 or why[0] not in _BY_CONTENT or path not in result:
            continue
        versions = [side.get(path) for side in sides]
        stages = {str(number): each.oid for number, each in enumerate(versions, start=1) if each}
        is_link = any(each is not None and each.mode is Mode.LINK for each in versions)
        if stages == told.versions.get(path) and not is_link:
            found[path] = Clash(result[path].mode, *versions)
    return found


def _read(said: bytes) -> _Told:
    """The output of `git merge-tree -z`, as its manual describes it."""
    head, _, messages = said.partition(b"\0\0")
    tree, *stages = os.fsdecode(head).split("\0")
    why: dict[str, list[str]] = {}
    versions: dict[str, dict[str, str]] = {}
    for stage in stages:
        fields, _, path = stage.partition("\t")
        _, oid, number = fields.split(" ")
        why.setdefault(path, [])
        versions.setdefault(path, {})[number] = oid
    in_content: set[str] = set()
    parts = iter(os.fsdecode(messages).split("\0"))
    for number in parts:
        if not number.isdigit():
            break
        paths = [next(parts) for _ in range(int(number))]
        kind, _ = next(parts), next(parts)
        if not kind.startswith("CONFLICT"):
            continue
        reason = _REASONS.get(kind, "both changed it")
        for path in paths:
            reasons = why.setdefault(path, [])
            if reason not in reasons:
                reasons.append(reason)
        if kind == _CONTENT:
            in_content.update(paths)
    for reasons in why.values():
        if not reasons:
            reasons.append("both changed it")
    return _Told(tree, why, in_content, versions)


def _entries(listed: bytes) -> dict[str, Entry]:
    found: dict[str, Entry] = {}
    for line in os.fsdecode(listed).split("\0")[:-1]:
        fields, _, path = line.partition("\t")
        mode, _, oid = fields.split(" ")
        found[path] = Entry(Mode(mode), oid)
    return found


def _above(path: str) -> Iterable[str]:
    while "/" in path:
        path = path.rpartition("/")[0]
        yield path
