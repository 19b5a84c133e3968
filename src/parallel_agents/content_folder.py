"""Content folder: files that are named by what they contain, and so are written once and never change.

A name is a hash in hexadecimal digits; the first two are a folder, as git has it.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_PART = ".part-"
_FILE_MODE, _FOLDER_MODE = 0o600, 0o700


class ContentFolder:
    """A folder of contents.

    Args:
        folder: made with the first content.
        is_synced: whether content is on the disk, and not only in the system's memory, before it
            has its name.
    """

    def __init__(self, folder: Path, *, is_synced: bool = False) -> None:
        self.folder = folder
        self._is_synced = is_synced

    def place(self, name: str) -> Path:
        """Where the content of this name is, if it is there."""
        return self.folder / name[:2] / name[2:]

    def put(self, name: str, pieces: Iterable[bytes]) -> None:
        """Write the content of a name whole, unless it is there.

        Raises:
            OSError: it cannot be written.
        """
        if not self.place(name).exists():
            self.take(self.write_aside(pieces), name)

    def write_aside(self, pieces: Iterable[bytes]) -> Path:
        """Write content whose name is not known yet; `take` gives it one.

        Raises:
            OSError: it cannot be written; nothing is left of it.
        """
        self.folder.mkdir(mode=_FOLDER_MODE, parents=True, exist_ok=True)
        aside = self._aside()
        descriptor = os.open(aside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _FILE_MODE)
        try:
            with os.fdopen(descriptor, "wb") as file:
                for piece in pieces:
                    file.write(piece)
                file.flush()
                if self._is_synced:
                    os.fsync(file.fileno())
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        return aside

    def take(self, aside: Path, name: str) -> None:
        """Give the content its name; damaged content under that name is replaced."""
        target = self.place(name)
        try:
            target.parent.mkdir(mode=_FOLDER_MODE, exist_ok=True)
            aside.replace(target)
        except BaseException:
            aside.unlink(missing_ok=True)
            raise
        if self._is_synced:
            _sync(target.parent)

    def set_aside(self, name: str) -> Path:
        """Take the content away from its name.

        Raises:
            OSError: that cannot be done.
        """
        aside = self._aside()
        self.place(name).rename(aside)
        return aside

    def _aside(self) -> Path:
        return self.folder / f"{_PART}{secrets.token_hex(8)}"

    def names(self) -> Iterator[str]:
        """The names of the contents that are there."""
        with suppress(FileNotFoundError):
            for above in self.folder.iterdir():
                if len(above.name) == 2 and above.is_dir():
                    yield from (above.name + each.name for each in above.iterdir())

    def leftovers(self) -> Iterator[Path]:
        """What processes that were killed have left half written."""
        with suppress(FileNotFoundError):
            yield from self.folder.glob(f"{_PART}*")


def _sync(folder: Path) -> None:
    """Have a name in a folder on the disk, where the system can do that."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
