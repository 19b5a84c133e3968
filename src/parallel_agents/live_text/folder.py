"""Folder: where the processes of a home leave what is being written, and say what they look at.

Nothing of it is durable, and nothing of it is needed: the reply itself is an event. Whoever looks
touches a file for the run; the process that executes the run then has its next calls streamed, and
leaves their text in another. Both are named by a hash, since the id of a run is not a file name.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from hashlib import blake2b
from pathlib import Path
from typing import NamedTuple

from parallel_agents.core.ids import RunId
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_private_folders

FOLDER = "live-text"
WANTED_SECONDS = 20.0
"""For how long a run is looked at after somebody said so."""
MOST_CHARACTERS = 200_000
"""The most that is told of one reply; the rest is seen once it is stored."""
_OLD_SECONDS = 3600.0
_READ_BYTES = 4 * MOST_CHARACTERS + 40
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW
_log = logging.getLogger(__name__)


class Text(NamedTuple):
    """The text of the call in flight so far; the number tells one call or try from the next."""

    number: int
    text: str


class Version(NamedTuple):
    """Tells one content of a file from the next."""

    changed_ns: int
    size: int
    inode: int


NOTHING = Text(0, "")
NO_VERSION = Version(0, 0, 0)


class LiveTextFolder:
    """The files of a home that are about what is being written."""

    def __init__(self, home: Path) -> None:
        self._folder = home / FOLDER
        self._is_tidy = False

    def want(self, run: RunId) -> None:
        """Say that somebody looks at a run."""
        with suppress(OSError, InvalidInput):
            if not self._folder.is_dir():
                make_private_folders(self._folder)
            path = self._wanted(run)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | _FLAGS, 0o600))
            os.utime(path)
        if not self._is_tidy:
            self._is_tidy = True
            self._remove_old()

    def leave(self, run: RunId) -> None:
        """Say that nobody looks any more."""
        with suppress(OSError):
            self._wanted(run).unlink()

    def is_wanted(self, run: RunId) -> bool:
        """Whether somebody looks at a run."""
        return _is_wanted(str(self._wanted(run)))

    def looks_at(self, run: RunId) -> Callable[[], bool]:
        """Asks whether somebody looks at a run, before each of its calls: one look at a file."""
        return partial(_is_wanted, str(self._wanted(run)))

    def begin(self, run: RunId, number: int) -> None:
        """Take back what was written, for the call or try of this number."""
        self._put(run, os.O_CREAT | os.O_TRUNC, b"%d\n" % number)

    def add(self, run: RunId, text: str) -> None:
        """Add to what is being written."""
        self._put(run, os.O_APPEND, text.encode("utf-8", "replace"))

    def end(self, run: RunId) -> None:
        """Remove what is left of a run that is no longer executed here."""
        with suppress(OSError):
            self._text(run).unlink()

    def changed(self, run: RunId, before: Version) -> tuple[Version, Text] | None:
        """What is being written, if that is something else than at this version."""
        try:
            found = self._text(run).stat()
            version = Version(found.st_mtime_ns, found.st_size, found.st_ino)
        except OSError:
            version = NO_VERSION
        return None if version == before else (version, self.read(run))

    def read(self, run: RunId) -> Text:
        """What is being written now."""
        try:
            place = os.open(self._text(run), os.O_RDONLY | _FLAGS)
            with os.fdopen(place, "rb") as file:
                head, _, body = file.read(_READ_BYTES).partition(b"\n")
            return Text(int(head or b"0"), body.decode("utf-8", "ignore"))
        except (OSError, ValueError):
            return NOTHING

    def _put(self, run: RunId, flags: int, content: bytes) -> None:
        try:
            place = os.open(self._text(run), os.O_WRONLY | flags | _FLAGS, 0o600)
            with os.fdopen(place, "wb") as file:
                file.write(content)
        except OSError as error:  # a full disk: the reply is stored all the same, or its run fails
            _log.debug("the text of %s is not told: %s", run, error)

    def _remove_old(self) -> None:
        """Remove what processes left that were killed."""
        before = time.time() - _OLD_SECONDS
        with suppress(OSError):  # another process removes them too
            for path in self._folder.iterdir():
                if path.lstat().st_mtime < before:
                    path.unlink()

    def _wanted(self, run: RunId) -> Path:
        return self._folder / f"{_name(run)}.wanted"

    def _text(self, run: RunId) -> Path:
        return self._folder / f"{_name(run)}.text"


def _is_wanted(path: str) -> bool:
    try:
        changed = os.stat(path).st_mtime  # noqa: PTH116 - a Path takes four times as long
    except OSError:
        return False
    return abs(time.time() - changed) < WANTED_SECONDS


def _name(run: RunId) -> str:
    return blake2b(run.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
