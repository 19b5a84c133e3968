"""SQLite connection: a file set up for several processes, its migrations, and its errors as ours."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from parallel_agents._version import __version__
from parallel_agents.database_files import connect_to
from parallel_agents.errors import (
    StoreError,
    StoreFull,
    StoreReadOnly,
    StoreTooNew,
    StoreUnreachable,
)
from parallel_agents.stores.queries import (
    Migration,
    newest_migration,
    read_migrations,
    read_schema,
)
from parallel_agents.stores.sqlite_file import APPLICATION_ID

DIALECT = "sqlite"
_BUSY_SECONDS = 30.0
_RETRY_SECONDS = 0.01
# What a log that once grew large, as in a vacuum, is cut to when it is begun anew.
_MOST_LOG_BYTES = 64_000_000
# SQLite's codes for a write that was refused for a reason other than a full disk.
_TAKES_NO_MORE = (sqlite3.SQLITE_IOERR_WRITE, sqlite3.SQLITE_IOERR_SHMSIZE)


def connect(
    path: Path, *, is_full_sync: bool = False, must_exist: bool = False
) -> sqlite3.Connection:
    """A connection in WAL mode that waits for other writers.

    Args:
        path: the database file; created, with its folder, if it does not exist.
        must_exist: create nothing: the file may have been deleted since it was opened.
        is_full_sync: wait for the disk at each commit, so that a power loss loses nothing either;
            without it a commit survives a crash of the process, but not of the machine.
    """
    with mapped_errors(path):
        if not must_exist:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        mode = "rw" if must_exist else "rwc"
        connection = connect_to(path, f"mode={mode}", timeout_seconds=_BUSY_SECONDS)
        with closed_on_error(connection):
            # Of a new file only: it can then shrink in small steps, without being written anew.
            if not connection.execute("PRAGMA page_count").fetchone()[0]:
                connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
            connection.execute(f"PRAGMA journal_size_limit = {_MOST_LOG_BYTES}")
            _use_wal(connection)
            connection.execute(f"PRAGMA synchronous = {'FULL' if is_full_sync else 'NORMAL'}")
        return connection


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL mode; SQLite itself does not wait here for others that create the same store."""
    deadline = time.monotonic() + _BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_RETRY_SECONDS)


@contextmanager
def closed_on_error(connection: sqlite3.Connection) -> Generator[None]:
    """Close the connection if the block raises."""
    try:
        yield
    except BaseException:
        connection.close()
        raise


def migrate(
    connection: sqlite3.Connection,
    migrations: Sequence[Migration] = (),
    *,
    before_upgrade: Callable[[int, int], None] = lambda version, newest: None,
) -> None:
    """Bring the store up to the newest migration, in one transaction; a new one gets the schema at once.

    Args:
        connection: the store's connection.
        migrations: other migrations than those of this version; a new store gets them all, too.
        before_upgrade: called with the versions before and after, while nobody can write, if the
            store is not new.

    Raises:
        StoreTooNew: a newer version of this package wrote the store.
    """
    newest = migrations[-1].number if migrations else newest_version()
    if stored_version(connection) == newest:
        return
    connection.execute("BEGIN IMMEDIATE")
    try:
        version = stored_version(connection)
        _refuse_newer(version, newest)
        if 0 < version < newest:
            before_upgrade(version, newest)
        connection.execute(f"PRAGMA application_id = {APPLICATION_ID}")
        if version == 0 and not migrations:
            steps = [Migration(newest, "schema.sql", read_schema(DIALECT))]
        else:
            steps = migrations or read_migrations(DIALECT)
        for step in steps:
            if step.number > version:
                for statement in _statements(step.sql):
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {step.number}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # a full disk has already ended it
            connection.execute("ROLLBACK")
        raise


def _refuse_newer(version: int, newest: int) -> None:
    if version > newest:
        raise too_new(version, newest)


def too_new(version: int, newest: int) -> StoreTooNew:
    return StoreTooNew(
        f"the store has version {version}; pagents {__version__} writes versions up to {newest}",
        why="a newer version of pagents wrote it",
        hint="install the newer version: `git pull` in its checkout, and `pip install --upgrade .` there;"
        " list, show, history, cost and audit read it as it is",
    )


def newest_version() -> int:
    """The version of the stores that this package writes."""
    return newest_migration(DIALECT)


def check_not_migrated(connection: sqlite3.Connection, version: int) -> None:
    """Refuse a store that is no longer at the version that this process knows.

    Raises:
        StoreTooNew: another process has migrated it.
    """
    if stored_version(connection) != version:
        raise StoreTooNew(
            "the store was upgraded while this process was running",
            why="a newer version of pagents has opened it, and reads what it writes differently",
            hint="update this package and restart: `pagents resume` continues the work",
        )


def stored_version(connection: sqlite3.Connection) -> int:
    """The number of the last migration that the store has had."""
    return connection.execute("PRAGMA user_version").fetchone()[0]


def _statements(sql: str) -> Iterator[str]:
    """The statements of a script; `executescript` would commit the transaction around them."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


@contextmanager
def mapped_errors(path: Path) -> Generator[None]:
    """Raise errors of SQLite and of the file system as ours."""
    try:
        yield
    except OSError as error:
        raise StoreUnreachable(
            f"the folder of store {path} cannot be created",
            why=str(error),
            hint="name another home with PARALLEL_AGENTS_HOME",
        ) from error
    except sqlite3.Error as error:
        raise as_store_error(error, path) from error
    except UnicodeDecodeError as error:  # SQLite's own message quotes what is damaged
        raise _damaged(path, str(error)) from error


def as_store_error(error: sqlite3.Error, path: Path) -> StoreError:
    extended = getattr(error, "sqlite_errorcode", 0)
    code = extended & 0xFF
    where = f"store {path}"
    if code == sqlite3.SQLITE_FULL:
        return StoreFull(
            f"{where}: the disk is full", hint="free some space; nothing stored is lost"
        )
    if extended in _TAKES_NO_MORE:
        return StoreFull(
            f"{where}: the disk accepts no more data",
            why=f"{error}: a quota, a limit on file sizes, or a faulty disk",
            hint="free some space or raise the limit; nothing stored is lost",
        )
    if code in (sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM) or (
        code == sqlite3.SQLITE_CANTOPEN and not os.access(path.parent, os.W_OK)
    ):
        return StoreReadOnly(
            f"{where} cannot be written",
            why=str(error),
            hint="give yourself write permission, or name another home with PARALLEL_AGENTS_HOME",
        )
    if code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return _damaged(path, str(error))
    return StoreUnreachable(
        f"{where} cannot be used",
        why=str(error),
        hint="check that the folder exists and that no other program locks the file",
    )


def _damaged(path: Path, why: str) -> StoreUnreachable:
    return StoreUnreachable(
        f"store {path} is damaged, or is not a store",
        why=why,
        hint="move it elsewhere, or restore a copy",
    )
