"""Rooted: the files below one folder, reached by descriptors, so that no link leads out of it."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import NamedTuple, Self

from parallel_agents.database_files import check_not_in_use
from parallel_agents.workspaces.entries import Entry, Mode, mode_of, oid_of

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_CHUNK_BYTES = 1 << 20
_LINK = (errno.ELOOP, errno.EMLINK)


class Blocked(Exception):
    """Something else is at a path, or above it: a folder, a link, a device."""


class Found(NamedTuple):
    """A file as it was read; `bits` are its permissions."""

    entry: Entry
    content: bytes
    bits: int


class Rooted:
    """The files below a folder, by paths relative to it.

    Raises:
        OSError: the folder cannot be opened.
    """

    def __init__(self, root: Path) -> None:
        self.root = root
        self._descriptor = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._last: tuple[str, int] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._forget()
        os.close(self._descriptor)

    def folder(self, path: str, *, make: bool = False) -> int:
        """A descriptor of the folder that a path is in; it is valid until the next call.

        Raises:
            FileNotFoundError: there is none, and `make` does not ask for it.
            Blocked: something else is in its place.
        """
        above = path.rpartition("/")[0]
        if self._last is not None and self._last[0] == above:
            return self._last[1]
        self._forget()
        descriptor = os.dup(self._descriptor)
        for name in above.split("/") if above else ():
            descriptor = self._step(descriptor, name, make=make)
        self._last = (above, descriptor)
        return descriptor

    def look(self, path: str) -> os.stat_result | None:
        """What the system says of a path, without following a link; None if nothing is there.

        Raises:
            Blocked: above it is something other than a folder.
        """
        try:
            return os.stat(_name(path), dir_fd=self.folder(path), follow_symlinks=False)
        except FileNotFoundError:
            return None

    def size(self, path: str) -> int | None:
        """How many bytes something has; None if nothing is there.

        Raises:
            Blocked: above it is something other than a folder.
        """
        found = self.look(path)
        return None if found is None else found.st_size

    def read(self, path: str) -> Found | None:
        """A file or a link; None if nothing is there.

        Raises:
            Blocked: it is neither.
            OSError: it cannot be read.
        """
        found = self.look(path)
        if found is None:
            return None
        mode = mode_of(found)
        if mode is None:
            raise Blocked(path)
        bits = stat.S_IMODE(found.st_mode)
        name, folder = _name(path), self.folder(path)
        try:
            if mode is Mode.LINK:
                content = os.fsencode(os.readlink(name, dir_fd=folder))
            else:
                check_not_in_use(found)
                content = _read(os.open(name, _READ, dir_fd=folder))
        except FileNotFoundError:
            return None
        return Found(Entry(mode, oid_of(content)), content, bits)

    def remove_empty(self, path: str) -> None:
        """Remove the folders above a path that have nothing in them any more."""
        above = path.rpartition("/")[0]
        while above:
            try:
                os.rmdir(_name(above), dir_fd=self.folder(above))
            except OSError:
                return
            self._forget()
            above = above.rpartition("/")[0]

    def _step(self, descriptor: int, name: str, *, make: bool) -> int:
        """The folder of that name in a folder, whose descriptor is closed."""
        try:
            if make:
                with suppress(FileExistsError):
                    os.mkdir(name, dir_fd=descriptor)
            return os.open(name, _FOLDER, dir_fd=descriptor)
        except NotADirectoryError:
            raise Blocked(name) from None
        except OSError as error:
            if error.errno in _LINK:
                raise Blocked(name) from None
            raise
        finally:
            os.close(descriptor)

    def _forget(self) -> None:
        if self._last is not None:
            os.close(self._last[1])
            self._last = None


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _read(descriptor: int) -> bytes:
    with os.fdopen(descriptor, "rb", 0) as file:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise Blocked
        return b"".join(iter(lambda: file.read(_CHUNK_BYTES), b""))
