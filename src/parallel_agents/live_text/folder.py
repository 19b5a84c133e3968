"""Folder: where the processes of a home leave what is being written, and say what they look at.

Nothing of it is durable, and nothing of it is needed: the reply itself is an event. Whoever looks
touches a file for the run, or one for its whole tree; the process that executes the run then has its
next calls streamed, and leaves their text in another. All are named by a hash, since the id of a run is
not a file name.
"""

from __future__ import annotations

import logging
import os
import time
from codecs import getincrementaldecoder
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
_TICK_NS = 50_000_000
_HEAD_BYTES = 40
_READ_BYTES = 4 * MOST_CHARACTERS + _HEAD_BYTES
_FLAGS = os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK  # for what somebody put in its place
_WANTED, _TEXT = ".wanted", ".text"
_log = logging.getLogger(__name__)


class Text(NamedTuple):
    """The text of the call in flight so far.

    Attributes:
        number: tells one call or try from the next.
        turn: the turn of the run that the call is for.
    """

    number: int
    text: str
    turn: int = 0


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
        self._listed_at = 0  # when the folder had changed that was listed, in nanoseconds
        self._listed: frozenset[str] = frozenset()

    def want(self, what: str) -> None:
        """Say that somebody looks at what these calls write.

        Args:
            what: the id of a run; the key of the session at the root of a tree, for all runs of it; or
                the key under which the session of a run is going to be spawned.
        """
        with suppress(OSError, InvalidInput):
            if not self._folder.is_dir():
                make_private_folders(self._folder)
            path = self._wanted(what)
            os.close(os.open(path, os.O_CREAT | os.O_WRONLY | _FLAGS, 0o600))
            os.utime(path)
        if not self._is_tidy:
            self._is_tidy = True
            self._remove_old()

    def leave(self, what: str) -> None:
        """Say that nobody looks any more."""
        with suppress(OSError):
            self._wanted(what).unlink()

    def is_wanted(self, what: str) -> bool:
        """Whether somebody looks at it."""
        return _is_wanted(str(self._wanted(what)))

    def looks_at(self, *what: str) -> Callable[[], bool]:
        """Asks whether somebody looks at one of these, before each call: one look at the folder, nearly always."""
        return partial(self._is_any_wanted, tuple(self._wanted(each).name for each in what))

    def _is_any_wanted(self, names: tuple[str, ...]) -> bool:
        listed = self._names()
        return any(name in listed and _is_wanted(f"{self._folder}/{name}") for name in names)

    def _names(self) -> frozenset[str]:
        """The files that say what is looked at, listed again only if a file has come or gone since."""
        try:
            changed = os.stat(self._folder).st_mtime_ns  # noqa: PTH116 - a Path takes four times as long
            if changed != self._listed_at:
                files = self._folder.iterdir()
                self._listed = frozenset(file.name for file in files if file.suffix == _WANTED)
                # What comes within the same tick of the clock would not change the time again.
                is_settled = time.time_ns() - changed > _TICK_NS
                self._listed_at = changed if is_settled else 0
        except OSError:  # nobody has ever looked
            self._listed_at, self._listed = 0, frozenset()
        return self._listed

    def begin(self, run: RunId, number: int, turn: int) -> None:
        """Take back what was written, for the call or try of this number."""
        self._put(run, os.O_CREAT | os.O_TRUNC, b"%d %d\n" % (number, turn))

    def add(self, run: RunId, text: str) -> None:
        """Add to what is being written."""
        self._put(run, os.O_APPEND, text.encode("utf-8", "replace"))

    def end(self, run: RunId) -> None:
        """Remove what is left of a run that is no longer executed here."""
        with suppress(OSError):
            self._text(run).unlink()

    def texts(self) -> dict[str, Version]:
        """The files of texts that there are, by their names: one look at the folder for all runs."""
        found: dict[str, Version] = {}
        with suppress(OSError), os.scandir(self._folder) as files:
            for file in files:
                if file.name.endswith(_TEXT):
                    with suppress(OSError):  # it has been removed since
                        status = file.stat(follow_symlinks=False)
                        found[file.name] = Version(
                            status.st_mtime_ns, status.st_size, status.st_ino
                        )
        return found

    def open_text(self, run: RunId) -> int | None:
        """The file of a run's text, to read; None if there is none."""
        try:
            return os.open(self._text(run), os.O_RDONLY | _FLAGS)
        except OSError:
            return None

    def read(self, run: RunId) -> Text:
        """What is being written now."""
        return TextReader(self, run).read()

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

    def _wanted(self, what: str) -> Path:
        return self._folder / f"{_name(what)}{_WANTED}"

    def _text(self, run: RunId) -> Path:
        return self._folder / text_name(run)


class TextReader:
    """Reads the text of one run, and then only what was added to it."""

    __slots__ = ("_begun", "_decoder", "_folder", "_inode", "_offset", "_run", "_text")

    def __init__(self, folder: LiveTextFolder, run: RunId) -> None:
        self._folder = folder
        self._run = run
        self._restart(b"")

    def read(self) -> Text:
        """What is being written now; nothing if it is begun anew at this moment."""
        place = self._folder.open_text(self._run)
        if place is None:
            self._restart(b"")
            return NOTHING
        try:
            return self._read(place)
        except (OSError, ValueError):  # a folder in its place; what no process of ours wrote
            self._restart(b"")
            return NOTHING
        finally:
            os.close(place)

    def _read(self, place: int) -> Text:
        begun, status = _head_of(place), os.fstat(place)
        # A process that takes a run over numbers its calls from 1 again, in a file of its own.
        is_same = (begun, status.st_ino) == (self._begun, self._inode)
        if not is_same or status.st_size < self._offset:
            self._restart(begun, status.st_ino)
        added = os.pread(place, max(_READ_BYTES - self._offset, 0), self._offset)
        if _head_of(place) != begun:
            self._restart(b"")
            return NOTHING
        self._offset += len(added)
        self._text += self._decoder.decode(added)
        number, turn = begun.split()
        return Text(int(number), self._text, int(turn))

    def _restart(self, begun: bytes, inode: int = 0) -> None:
        self._begun, self._inode = begun, inode
        self._offset, self._text = len(begun), ""
        self._decoder = getincrementaldecoder("utf-8")("ignore")


def _head_of(place: int) -> bytes:
    line, end, _ = os.pread(place, _HEAD_BYTES, 0).partition(b"\n")
    return line + end


def _is_wanted(path: str) -> bool:
    try:
        changed = os.stat(path).st_mtime  # noqa: PTH116 - a Path takes four times as long
    except OSError:
        return False
    return abs(time.time() - changed) < WANTED_SECONDS


def text_name(run: RunId) -> str:
    """The name of the file of a run's text."""
    return f"{_name(run)}{_TEXT}"


def _name(what: str) -> str:
    return blake2b(what.encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
