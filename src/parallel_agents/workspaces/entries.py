"""Entries: the files of a tree by their paths, each with its mode and the name of its content.

Contents are named as git names them, by the SHA-1 of a blob, over the bytes as they are on the disk:
no filter and no conversion of line ends changes what is compared, stored or brought back.
"""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import NamedTuple, TypeAlias


class Mode(StrEnum):
    """What a file is, as git writes it."""

    FILE = "100644"
    PROGRAM = "100755"
    LINK = "120000"


class Entry(NamedTuple):
    """A file: its mode, and the name of its content."""

    mode: Mode
    oid: str


class Stamp(NamedTuple):
    """By what a file is known to be untouched without reading it; times are in nanoseconds."""

    size: int
    modified: int
    changed: int
    inode: int

    @classmethod
    def of(cls, found: os.stat_result) -> Stamp:
        return cls(found.st_size, found.st_mtime_ns, found.st_ctime_ns, found.st_ino)


Tree: TypeAlias = Mapping[str, Entry]


class Stamped(NamedTuple):
    """A file of a workspace as it was copied."""

    entry: Entry
    stamp: Stamp


def oid_of(content: bytes) -> str:
    """The name of a file's content."""
    digest = hashlib.sha1(b"blob %d\0" % len(content), usedforsecurity=False)
    digest.update(content)
    return digest.hexdigest()


def mode_of(found: os.stat_result) -> Mode | None:
    """What a file is; None if it is neither a file nor a link."""
    if stat.S_ISLNK(found.st_mode):
        return Mode.LINK
    if not stat.S_ISREG(found.st_mode):
        return None
    return Mode.PROGRAM if found.st_mode & stat.S_IXUSR else Mode.FILE


def encode(tree: Iterable[tuple[str, Stamped]]) -> bytes:
    """A tree for a file: for each of its files a line of fields and the path, ended by a NUL."""
    lines = [
        f"{each.entry.mode} {each.entry.oid} {' '.join(map(str, each.stamp))}\t{path}\0"
        for path, each in tree
    ]
    return os.fsencode("".join(lines))


def decode(stored: bytes) -> dict[str, Stamped]:
    """The files of a tree by their paths, read from what `encode` wrote.

    Raises:
        ValueError: it is something else.
    """
    found: dict[str, Stamped] = {}
    for line in os.fsdecode(stored).split("\0")[:-1]:
        fields, _, path = line.partition("\t")
        mode, oid, *stamp = fields.split(" ")
        found[path] = Stamped(Entry(Mode(mode), oid), Stamp(*map(int, stamp)))
    return found
