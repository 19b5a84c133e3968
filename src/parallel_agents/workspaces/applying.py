"""Applying: the steps of a merge, written down before the first and each done whole or not at all.

A file is exchanged with its new version in one step of the file system, and what came out is looked
at: if somebody saved it in that moment, it is put back, and the file is left as they saved it. A
process that is killed leaves the journal; the next merge continues from there.
"""

from __future__ import annotations

import ctypes
import errno
import os
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path

import orjson

from parallel_agents.errors import WorkspaceError
from parallel_agents.files import write_private
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Mode
from parallel_agents.workspaces.merging import Conflict, Step
from parallel_agents.workspaces.rooted import Blocked, Rooted

_JOURNAL = "merge.json"
_EXCHANGE, _NEVER_REPLACE = 2, 1  # linux/fs.h: RENAME_EXCHANGE, RENAME_NOREPLACE
_UNSUPPORTED = (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP)
_CHANGED = "it was changed while the merge went on"


class Journal:
    """The steps of a merge that has begun, in the folder of a workspace."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / _JOURNAL

    def write(self, source: Path, steps: list[Step]) -> None:
        write_private(
            self._path,
            orjson.dumps(
                {
                    "source": os.fsencode(source).hex(),
                    "steps": [
                        [os.fsencode(step.path).hex(), _fields(step.before), _fields(step.after)]
                        for step in steps
                    ],
                }
            ),
        )

    def read(self) -> tuple[Path, list[Step]] | None:
        """The source and the steps; None if no merge has begun.

        Raises:
            WorkspaceError: the journal is damaged.
        """
        try:
            stored = orjson.loads(self._path.read_bytes())
            steps = [
                Step(os.fsdecode(bytes.fromhex(path)), _entry(before), _entry(after))
                for path, before, after in stored["steps"]
            ]
            return Path(os.fsdecode(bytes.fromhex(stored["source"]))), steps
        except FileNotFoundError:
            return None
        except (ValueError, KeyError, TypeError) as error:
            raise WorkspaceError(
                f"the journal {self._path} of a merge that was broken off is damaged",
                hint="look at the files in the source, then remove the journal",
            ) from error

    def close(self) -> None:
        self._path.unlink(missing_ok=True)


def _fields(entry: Entry | None) -> list[str] | None:
    return None if entry is None else [*entry]


def _entry(stored: list[str] | None) -> Entry | None:
    return None if stored is None else Entry(Mode(stored[0]), stored[1])


def apply(blobs: Blobs, source: Path, steps: list[Step], mark: str) -> list[Conflict]:
    """Do the steps; return the files that were changed meanwhile, which stay as they are.

    `mark` is in the names of files that are there only for a moment.

    Raises:
        WorkspaceError, OSError: a file cannot be written; the rest can be continued.
    """
    left: list[Conflict] = []
    with Rooted(source) as root:
        # Removals first, the deepest first: a file may become a folder, and a folder a file.
        removed = sorted((s for s in steps if s.after is None), key=_depth, reverse=True)
        for step in (*removed, *(s for s in steps if s.after is not None)):
            try:
                is_done = _apply_one(root, step, blobs, mark)
            except Blocked:
                is_done = False
            if not is_done:
                left.append(Conflict(step.path, _CHANGED))
    return left


def _depth(step: Step) -> int:
    return step.path.count("/")


def _apply_one(root: Rooted, step: Step, blobs: Blobs, mark: str) -> bool:
    """Do one step; return False if the file is not what it was."""
    above, _, name = step.path.rpartition("/")
    beside = f".{name[:60]}.{mark}"
    prefix = f"{above}/" if above else ""
    with suppress(FileNotFoundError):
        _clear(root, step, f"{prefix}{beside}")
    if _state(root, step.path) == step.after:
        return True
    if _state(root, step.path) != step.before:
        return False
    if step.after is None:
        return _remove(root, step, beside, prefix)
    return _put(root, step, blobs, beside, prefix)


def _state(root: Rooted, path: str) -> Entry | None:
    try:
        found = root.read(path)
    except FileNotFoundError:
        return None
    return None if found is None else found.entry


def _clear(root: Rooted, step: Step, beside: str) -> None:
    """Remove what a merge that was killed left beside a file; put back what was somebody's."""
    left = root.read(beside)
    if left is None:
        return
    is_in = _state(root, step.path) == step.after
    folder = root.folder(beside)
    name, temporary = step.path.rpartition("/")[2], beside.rpartition("/")[2]
    if is_in and left.entry not in (step.before, step.after):
        if step.after is None:
            _rename(folder, temporary, name, _NEVER_REPLACE)
            return
        _rename(folder, temporary, name, _EXCHANGE)
    os.unlink(temporary, dir_fd=folder)


def _put(root: Rooted, step: Step, blobs: Blobs, beside: str, prefix: str) -> bool:
    path, after = step.path, step.after
    assert after is not None
    name = path.rpartition("/")[2]
    bits = _bits(root, path, after)
    folder = root.folder(path, make=True)
    content = blobs.read(after.oid)
    if after.mode is Mode.LINK:
        os.symlink(content, beside, dir_fd=folder)
    else:
        made = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, bits, dir_fd=folder)
        with os.fdopen(made, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(made, bits)
            os.fsync(made)
    try:
        if step.before is None:
            try:
                _rename(folder, beside, name, _NEVER_REPLACE)
            except FileExistsError:
                return False
            return True
        _rename(folder, beside, name, _EXCHANGE)
        if _state(root, f"{prefix}{beside}") == step.before:
            return True
        _rename(folder, beside, name, _EXCHANGE)
        return False
    finally:
        with suppress(FileNotFoundError):
            os.unlink(beside, dir_fd=folder)


def _remove(root: Rooted, step: Step, beside: str, prefix: str) -> bool:
    name, folder = step.path.rpartition("/")[2], root.folder(step.path)
    _rename(folder, name, beside, _NEVER_REPLACE)
    if _state(root, f"{prefix}{beside}") != step.before:
        _rename(folder, beside, name, _NEVER_REPLACE)
        return False
    os.unlink(beside, dir_fd=folder)
    root.remove_empty(step.path)
    return True


def _bits(root: Rooted, path: str, after: Entry) -> int:
    """The permissions of the new version: those of the old one, with the right to execute it or not."""
    try:
        found = root.look(path)
    except FileNotFoundError:
        found = None
    bits = 0o644 if found is None else found.st_mode & 0o777
    return bits | (bits & 0o444) >> 2 if after.mode is Mode.PROGRAM else bits & ~0o111


@cache
def _renameat2() -> ctypes._NamedFuncPointer | None:  # pyright: ignore[reportPrivateUsage]
    if sys.platform != "linux":
        return None
    return getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)


def _rename(folder: int, old: str, new: str, flag: int) -> None:
    """Rename a file in a folder: exchange it with another one, or never replace one.

    Raises:
        OSError: as of the system.
    """
    function = _renameat2()
    if function is not None:
        if function(folder, os.fsencode(old), folder, os.fsencode(new), flag) == 0:
            return
        number = ctypes.get_errno()
        if number not in _UNSUPPORTED:
            raise OSError(number, os.strerror(number), new)
    if flag == _NEVER_REPLACE:
        os.link(old, new, src_dir_fd=folder, dst_dir_fd=folder, follow_symlinks=False)
        os.unlink(old, dir_fd=folder)
        return
    # A file system without the exchange: three renames, of which the last two are the gap.
    aside = f"{old}~"
    os.rename(old, aside, src_dir_fd=folder, dst_dir_fd=folder)
    os.rename(new, old, src_dir_fd=folder, dst_dir_fd=folder)
    os.rename(aside, new, src_dir_fd=folder, dst_dir_fd=folder)
