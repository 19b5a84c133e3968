"""Copying: files into a workspace, each read once, so that its base is exactly what was copied.

A file that changes while it is copied is copied as it was read, and one that vanishes is left out:
whatever the user does meanwhile, the base and the copy are the same.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import stat
import sys
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

from parallel_agents.database_files import DatabaseInUse, check_not_in_use
from parallel_agents.errors import WorkspaceError
from parallel_agents.workspaces.blobs import Blobs
from parallel_agents.workspaces.entries import Entry, Mode, Stamp, Stamped, oid_of
from parallel_agents.workspaces.rooted import Blocked, Rooted

_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_WRITE = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_LARGE_BYTES = 4_000_000
_CHUNK_BYTES = 1 << 20
# linux/fs.h: _IOW(0x94, 9, int)
_FICLONE = 0x40049409


class Copied(NamedTuple):
    """What was copied, and what was not: pipes, sockets, devices, and databases in use by this process."""

    files: list[tuple[str, Stamped]]
    skipped: list[str]


def copy(
    source: Path, paths: Iterable[str], target: Path, blobs: Blobs, known: Collection[str]
) -> Copied:
    """Copy files; contents are stored as blobs unless `known` has their names.

    Raises:
        WorkspaceError: a file cannot be read, or the copy cannot be written.
    """
    copied = Copied([], [])
    with Rooted(source) as origin, Rooted(target) as copy_root:
        for path in paths:
            try:
                done = _copy_one(origin, path, copy_root, blobs, known)
            except (Blocked, FileNotFoundError):
                continue  # it was replaced after it was listed
            except OSError as error:
                raise _failed(source, path, error) from error
            if done is None:
                copied.skipped.append(path)
            else:
                copied.files.append((path, done))
    return copied


def _copy_one(
    origin: Rooted, path: str, target: Rooted, blobs: Blobs, known: Collection[str]
) -> Stamped | None:
    """Copy a file or a link; None if it is neither, or a database that this process is using."""
    name = path.rpartition("/")[2]
    try:
        folder = origin.folder(path)
        check_not_in_use(os.stat(name, dir_fd=folder, follow_symlinks=False))
        reading = os.open(name, _READ, dir_fd=folder)
    except DatabaseInUse:
        return None
    except OSError as error:
        if error.errno == errno.ELOOP:
            return _copy_link(origin, path, target, blobs, known)
        if error.errno == errno.ENXIO:  # a socket
            return None
        raise
    try:
        found = os.fstat(reading)
        if not stat.S_ISREG(found.st_mode):
            return None
        bits = stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR
        writing = os.open(name, _WRITE, bits, dir_fd=target.folder(path, make=True))
        try:
            if found.st_size > _LARGE_BYTES:
                oid = _copy_large(reading, writing, blobs, known)
            else:
                oid = _copy_small(reading, found.st_size, writing, blobs, known)
            written = os.fstat(writing)
            if stat.S_IMODE(written.st_mode) != bits:
                os.fchmod(writing, bits)
                written = os.fstat(writing)
            mode = Mode.PROGRAM if bits & stat.S_IXUSR else Mode.FILE
            return Stamped(Entry(mode, oid), Stamp.of(written))
        finally:
            os.close(writing)
    finally:
        os.close(reading)


def _copy_link(
    origin: Rooted, path: str, target: Rooted, blobs: Blobs, known: Collection[str]
) -> Stamped:
    name = path.rpartition("/")[2]
    to = os.fsencode(os.readlink(name, dir_fd=origin.folder(path)))
    folder = target.folder(path, make=True)
    os.symlink(to, name, dir_fd=folder)
    oid = oid_of(to)
    if oid not in known:
        blobs.add(to, oid)
    found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    return Stamped(Entry(Mode.LINK, oid), Stamp.of(found))


def _copy_small(reading: int, size: int, writing: int, blobs: Blobs, known: Collection[str]) -> str:
    content = os.read(reading, size + 1)
    if len(content) != size:  # it changes while it is read
        while more := os.read(reading, _CHUNK_BYTES):
            content += more
    oid = oid_of(content)
    _write_all(writing, content)
    if oid not in known:
        blobs.add(content, oid)
    return oid


def _copy_large(reading: int, writing: int, blobs: Blobs, known: Collection[str]) -> str:
    """Copy by sharing the blocks where the file system can; the copy is what is read from then on."""
    if not _clone(reading, writing):
        while chunk := os.read(reading, _CHUNK_BYTES):
            _write_all(writing, chunk)
    size = os.fstat(writing).st_size
    digest = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    os.lseek(writing, 0, os.SEEK_SET)
    while chunk := os.read(writing, _CHUNK_BYTES):
        digest.update(chunk)
    oid = digest.hexdigest()
    if oid not in known:
        os.lseek(writing, 0, os.SEEK_SET)
        blobs.add_from(writing, size, oid)
    return oid


def _clone(reading: int, writing: int) -> bool:
    if sys.platform != "linux":
        return False
    try:
        fcntl.ioctl(writing, _FICLONE, reading)
    except OSError:
        return False
    return True


def _write_all(descriptor: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(descriptor, view) :]


def _failed(source: Path, path: str, error: OSError) -> WorkspaceError:
    is_full = error.errno in (errno.ENOSPC, errno.EDQUOT)
    return WorkspaceError(
        f"{source / path} cannot be copied into a workspace",
        why=error.strerror or str(error),
        hint="free some space, or set PARALLEL_AGENTS_HOME to a disk that has it"
        if is_full
        else "make it readable, or have git ignore it",
    )
