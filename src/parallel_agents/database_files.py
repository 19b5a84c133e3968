"""Database files: those that SQLite has open in this process, and that nothing else in it may open.

POSIX locks are those of a process: closing any descriptor of a file loses the ones that SQLite holds
on it. Another process then takes itself for the last user of the database, and deletes its log.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import threading
from pathlib import Path
from typing import BinaryIO
from weakref import WeakKeyDictionary

from typing_extensions import override

_ENDINGS = ("", "-wal", "-shm")
_lock = threading.Lock()  # guards `_open`


class DatabaseInUse(OSError):
    """A file is a database that this process has open."""

    def __init__(self) -> None:
        super().__init__(errno.EBUSY, "it is a database that this process is using")


class _Connection(sqlite3.Connection):
    """A connection whose files are known until it is closed."""

    @override
    def close(self) -> None:
        super().close()
        with _lock:
            _open.pop(self, None)


_open: WeakKeyDictionary[_Connection, Path] = WeakKeyDictionary()


def connect_to(path: Path, query: str, *, timeout_seconds: float = 5.0) -> sqlite3.Connection:
    """A connection to a file, for use by any thread, which commits each statement by itself.

    Args:
        path: the file.
        query: how SQLite is to open it, as in `mode=ro`; see its URI filenames.
        timeout_seconds: how long a statement waits for the locks of others.

    Raises:
        sqlite3.Error: it cannot be opened.
    """
    connection = sqlite3.connect(
        f"{path.absolute().as_uri()}?{query}",
        uri=True,
        timeout=timeout_seconds,
        isolation_level=None,
        check_same_thread=False,
        factory=_Connection,
    )
    with _lock:
        _open[connection] = path.absolute()
    return connection


def check_not_in_use(found: os.stat_result) -> None:
    """Refuse a file that SQLite has open in this process, before anything else opens it.

    Raises:
        DatabaseInUse: it is one of a database's files.
    """
    with _lock:
        paths = set(_open.values())
    for path in paths:
        for ending in _ENDINGS:
            try:
                known = os.stat(f"{path}{ending}")  # noqa: PTH116 - half the time of Path.stat
            except OSError:
                continue
            if os.path.samestat(known, found):
                raise DatabaseInUse


def check_path_not_in_use(path: Path) -> None:
    """The same for what a path leads to.

    Raises:
        DatabaseInUse: it is one of a database's files.
        OSError: nothing is there, or it cannot be seen.
    """
    check_not_in_use(path.stat())


def open_given(path: Path) -> BinaryIO:
    """Open a file to read that somebody else has named, such as a person or a program.

    Raises:
        DatabaseInUse: it is one of a database's files.
        OSError: it cannot be opened.
    """
    check_path_not_in_use(path)
    return path.open("rb")
