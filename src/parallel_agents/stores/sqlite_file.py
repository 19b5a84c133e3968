"""Store file: whether a file is a store of ours, is still the one that was opened, and can be written."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path

from parallel_agents.database_files import connect_to
from parallel_agents.errors import StoreReplaced, StoreUnreachable

# "PAGS" in ASCII, as `file` and the header of a SQLite database show it (offset 68).
APPLICATION_ID = 0x50414753
_TABLES = frozenset({"agents", "sessions", "runs", "events"})

_Identity = tuple[int, int]


class OpenFile:
    """The file that a connection has open, and its log: SQLite itself never looks at its path again.

    What is committed to a file that was deleted or replaced is lost to every other process, and to
    this one after its end.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._log = wal_of(path)
        self._file_was = _identity(path)
        self._log_was: _Identity | None = None

    def check(self) -> None:
        """Raise if the path no longer leads to the file that was opened; costs two `stat` calls.

        Raises:
            StoreReplaced: the file or its log was deleted, moved or replaced.
        """
        if _identity(self._path) != self._file_was:
            raise self._replaced(self._path)
        log = _identity(self._log)
        if log != self._log_was:
            if self._log_was is not None:
                raise self._replaced(self._log)
            self._log_was = log  # SQLite makes it before the first commit

    def _replaced(self, path: Path) -> StoreReplaced:
        what = "replaced" if path.exists() else "deleted or moved"
        return StoreReplaced(
            f"{path} was {what} while this process was using it",
            why="what is written now would be lost, so nothing more is called or paid",
            hint="put the file back, or start again: what was stored before is in the old file",
        )


def _identity(path: Path) -> _Identity | None:
    try:
        found = os.stat(path)  # noqa: PTH116 - half the time of Path.stat, before each commit
    except OSError:
        return None
    return found.st_dev, found.st_ino


def wal_of(path: Path) -> Path:
    """SQLite's write-ahead log of a database."""
    return path.with_name(f"{path.name}-wal")


def has_log(path: Path) -> bool:
    """Whether commits may still be in the log only."""
    try:
        return wal_of(path).stat().st_size > 0
    except OSError:
        return False


def is_writable(path: Path) -> bool:
    """Whether this process may write the file, and make the log beside it."""
    return os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)


def read_only(path: Path, *, immutable: bool = False) -> sqlite3.Connection:
    """A connection that cannot write; an immutable one makes no files beside the database either."""
    return connect_to(path, f"mode=ro{'&immutable=1' if immutable else ''}")


def check_is_store(path: Path) -> None:
    """Refuse a file that another program made, before anything is written into it.

    Raises:
        StoreUnreachable: the file is not a store, or cannot be read.
    """
    try:
        if not path.is_file():
            return  # nothing is there yet, or whoever opens it says that it is not a file
        found = _application_id(path)
    except (OSError, sqlite3.OperationalError) as error:
        raise StoreUnreachable(
            f"store {path} cannot be read",
            why=str(error),
            hint="check the path and its permissions",
        ) from error
    except sqlite3.DatabaseError as error:
        raise _foreign(path, "it is not a SQLite database") from error
    if found == APPLICATION_ID:
        return
    if found:
        raise _foreign(path, f"it belongs to another program (application id {found:#x})")
    try:
        with closing(read_only(path, immutable=not has_log(path))) as sql:
            tables = {name for (name,) in sql.execute("SELECT name FROM sqlite_master")}
    except sqlite3.Error:
        return  # whoever opens it reports what is wrong
    if tables and not tables >= _TABLES:
        raise _foreign(path, f"it has other tables: {', '.join(sorted(tables)[:3])}")


def _application_id(path: Path) -> int:
    """The number in the header by which a program marks its files; 0 if there is none.

    SQLite reads it: who closes a file that SQLite has open in this process loses the locks that say
    so to other processes, and one of these would then delete the log.
    """
    if path.stat().st_size == 1:  # SQLite takes it for an empty one, and would write over it
        raise sqlite3.DatabaseError("it has one byte")
    with closing(read_only(path, immutable=True)) as sql:
        (found,) = sql.execute("PRAGMA application_id").fetchone()
    return int(found) & 0xFFFFFFFF


def _foreign(path: Path, why: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"{path} is not a store of pagents",
        why=f"{why}; nothing was written into it",
        hint="name another home with --home, in Python home=, or PARALLEL_AGENTS_HOME, or move the file elsewhere",
    )
