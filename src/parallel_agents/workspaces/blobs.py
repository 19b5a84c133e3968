"""Blobs: contents by name, in a hidden repository of git's form that borrows from the source's.

What the source's repository has is not stored again. Everything is written by us, so that a folder
outside of repositories needs no git; and it is read by us, if we wrote it.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from parallel_agents.content_folder import ContentFolder
from parallel_agents.errors import GitFailed, WorkspaceError
from parallel_agents.git import Git
from parallel_agents.workspaces.entries import oid_of

_CONFIG = "[core]\n\trepositoryformatversion = 0\n\tbare = true\n\tfilemode = true\n\tlooseCompression = 1\n"
# Before any attributes that a tree could bring: contents are compared as they are on the disk.
_CHUNK_BYTES = 1 << 20
_ATTRIBUTES = "* -text -eol -filter -ident -working-tree-encoding !diff !merge\n"


class Blobs:
    """The contents of a workspace's base and of its merges."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._objects = ContentFolder(folder / "objects")

    @property
    def git(self) -> Git:
        return Git(self.folder, git_dir=self.folder)

    def make(self, borrowed: Sequence[str], exclude: bytes) -> None:
        """Make the repository; `borrowed` are folders of objects, `exclude` what it ignores."""
        for name in ("objects/info", "objects/pack", "refs", "info"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "HEAD").write_text("ref: refs/heads/none\n")
        (self.folder / "config").write_text(_CONFIG)
        (self.folder / "info/attributes").write_text(_ATTRIBUTES)
        (self.folder / "info/exclude").write_bytes(exclude)
        lines = "".join(f"{place}\n" for place in borrowed)
        (self.folder / "objects/info/alternates").write_bytes(os.fsencode(lines))

    def add(self, content: bytes, oid: str = "") -> str:
        """Store the content, and return its name."""
        oid = oid or oid_of(content)
        if not self._objects.place(oid).exists():
            stored = zlib.compress(b"blob %d\0" % len(content) + content, 1)
            self._objects.put(oid, (stored,))
        return oid

    def add_from(self, descriptor: int, size: int, oid: str) -> None:
        """Store a large content, whose name is known, from where a file stands."""
        self._objects.put(oid, _packed(descriptor, size))

    def read(self, oid: str) -> bytes:
        """The content of that name.

        Raises:
            WorkspaceError: it is gone.
        """
        try:
            stored = zlib.decompress(self._objects.place(oid).read_bytes())
            return stored[stored.index(b"\0") + 1 :]
        except (OSError, zlib.error, ValueError):
            pass
        try:
            return self.git.run("cat-file", "blob", oid)
        except GitFailed as error:
            raise WorkspaceError(
                f"the content {oid[:10]} of the workspace's base is gone",
                why="it was in the repository that the workspace was made from, which has dropped it",
                hint="the workspace's files are whole: copy what you need from its folder",
            ) from error


def _packed(descriptor: int, size: int) -> Iterator[bytes]:
    packing = zlib.compressobj(1)
    yield packing.compress(b"blob %d\0" % size)
    while chunk := os.read(descriptor, _CHUNK_BYTES):
        yield packing.compress(chunk)
    yield packing.flush()
