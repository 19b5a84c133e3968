"""SQLite database: the journal's statements on one connection."""

from __future__ import annotations

import logging
import sqlite3
import threading
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from functools import cache, partial
from itertools import islice
from pathlib import Path
from typing import NoReturn
from weakref import finalize

from parallel_agents.clock import awake
from parallel_agents.files import close_to_others, create_private
from parallel_agents.stores.checkpoints import Checkpoints
from parallel_agents.stores.database import SqlRow, Values
from parallel_agents.stores.guarding import guarded, guarded_rows
from parallel_agents.stores.queries import read_queries
from parallel_agents.stores.sqlite_backups import back_up
from parallel_agents.stores.sqlite_connection import (
    DIALECT,
    as_store_error,
    check_not_migrated,
    closed_on_error,
    connect,
    mapped_errors,
    migrate,
    stored_version,
)
from parallel_agents.stores.sqlite_file import OpenFile, check_is_store

_log = logging.getLogger(__name__)
_IN_MEMORY = Path(":memory:")
_GUARDED = "put_event"  # by the event log, which also hides what it tells
_copying = threading.Lock()


@cache
def _empty() -> sqlite3.Connection:
    """An empty database in memory; copying it takes a fraction of the time of making it."""
    connection = sqlite3.connect(_IN_MEMORY, isolation_level=None, check_same_thread=False)
    migrate(connection)
    return connection


class SqliteDatabase:
    """A database in a file, or in memory.

    Args:
        path: the file, to name it in messages.
        connection: a connection in autocommit mode.
        checkpoints: the checkpoints of a connection that writes to a file.
        file: the file of a connection that writes to one.
    """

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        checkpoints: Checkpoints | None = None,
        file: OpenFile | None = None,
    ) -> None:
        self._path = path
        self._file = file
        self._sql = connection
        self._checkpoints = checkpoints
        self._queries = read_queries(DIALECT)
        self._data = self._data_version()
        self._format = stored_version(connection)

    @classmethod
    def in_memory(cls) -> SqliteDatabase:
        """A new database that ends with the process, or once nobody has it any more."""
        # Any thread may be the one that meets what nobody has any more.
        connection = sqlite3.connect(_IN_MEMORY, isolation_level=None, check_same_thread=False)
        with _copying:
            _empty().backup(connection)
        database = cls(_IN_MEMORY, connection)
        # It can lose nothing, so it need not be closed; from 3.13 on Python warns of what was left open.
        finalize(database, connection.close).atexit = False
        return database

    @classmethod
    def open_for_writing(cls, path: Path, *, is_full_sync: bool = False) -> SqliteDatabase:
        """Open the file; create it or bring it up to date if necessary.

        Raises:
            StoreReadOnly, StoreFull, StoreTooNew, StoreUnreachable: what is wrong with the file.
        """
        check_is_store(path)
        with mapped_errors(path):
            create_private(path)
        connection = connect(path, is_full_sync=is_full_sync)
        with closed_on_error(connection), mapped_errors(path):
            migrate(connection, before_upgrade=partial(back_up, path))
            close_to_others(path)  # only now is it known to be ours
            return cls(path, connection, Checkpoints(path, connection), OpenFile(path))

    @classmethod
    def open_for_reading(cls, path: Path) -> SqliteDatabase:
        """Open a file that another connection has brought up to date.

        Raises:
            StoreUnreachable: what is wrong with the file.
        """
        connection = connect(path, must_exist=True)
        with closed_on_error(connection), mapped_errors(path):
            return cls(path, connection)

    def one(self, query: str, values: Values = ()) -> SqlRow | None:
        statement = self._queries.get(query)
        try:
            return self._sql.execute(statement, guarded(values)).fetchone()
        except sqlite3.Error as error:
            self._allow_damaged_text(statement, error)
            return self.one(query, values)

    def all(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> list[SqlRow]:
        statement = self._statement(query, where)
        try:
            return self._sql.execute(statement, guarded(values)).fetchall()
        except sqlite3.Error as error:
            self._allow_damaged_text(statement, error)
            return self.all(query, values, where=where)

    def each(
        self, query: str, values: Values = (), *, where: Sequence[str] | None = None
    ) -> Generator[SqlRow]:
        statement, given = self._statement(query, where), 0
        try:
            for row in self._sql.execute(statement, guarded(values)):
                given += 1
                yield row
        except sqlite3.Error as error:
            self._allow_damaged_text(statement, error)
            yield from islice(self.each(query, values, where=where), given, None)

    def _statement(self, query: str, where: Sequence[str] | None) -> str:
        return self._queries.get(query) if where is None else self._queries.choose(query, where)

    def run(self, query: str, values: Values = ()) -> None:
        try:
            self._sql.execute(self._queries.get(query), guarded(values))
        except sqlite3.Error as error:
            self._fail(error)

    def run_many(self, query: str, rows: Sequence[Values]) -> int:
        try:
            if query != _GUARDED:
                rows = guarded_rows(rows)
            return self._sql.executemany(self._queries.get(query), rows).rowcount
        except sqlite3.Error as error:
            self._fail(error)

    @contextmanager
    def writing(self) -> Generator[None]:
        self._check_file()
        self._begin_writing()
        try:
            check_not_migrated(self._sql, self._format)
            yield
            self._execute("COMMIT")
        except BaseException:
            self._roll_back()
            raise
        if self._checkpoints is not None:
            self._checkpoints.note_commit()

    @contextmanager
    def reading(self) -> Generator[None]:
        self._execute("BEGIN")
        try:
            yield
        finally:
            self._execute("COMMIT")

    def has_news(self) -> bool:
        self._check_file()
        version = self._data_version()
        is_changed, self._data = version != self._data, version
        return is_changed

    def close(self) -> None:
        self._sql.close()
        if self._checkpoints is not None:
            self._checkpoints.stop()

    def _check_file(self) -> None:
        if self._file is not None:
            self._file.check()

    def _begin_writing(self) -> None:
        """Wait for as long as another program holds the store: its work is not worth ending ours."""
        began = awake()
        while True:
            try:
                self._sql.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
                    self._fail(error)
                _log.warning(
                    "%s has been locked by another program for %.0f s; waiting for it",
                    self._path,
                    awake() - began,
                )
            else:
                return

    def _roll_back(self) -> None:
        if self._sql.in_transaction:  # a full disk has already ended it
            self._execute("ROLLBACK")

    def _data_version(self) -> int:
        """A number that changes when another connection commits, but not when this one does."""
        return self._execute("PRAGMA data_version").fetchone()[0]

    def _execute(self, statement: str) -> sqlite3.Cursor:
        try:
            return self._sql.execute(statement)
        except sqlite3.Error as error:
            self._fail(error)

    def _allow_damaged_text(self, statement: str, error: sqlite3.Error) -> None:
        """Read text that is not UTF-8 as far as it goes, from now on, if a read failed because of it.

        Whoever checks what was read then finds one damaged record instead of none that is intact.
        """
        is_text = str(error).startswith("Could not decode to UTF-8")
        is_read = statement.startswith(("SELECT", "WITH"))
        if not (is_text and is_read) or self._sql.text_factory is _damaged_text:
            self._fail(error)
        self._sql.text_factory = _damaged_text

    def _fail(self, error: sqlite3.Error) -> NoReturn:
        """Raise a fault of the file as a StoreError; a faulty statement is a bug, and stays as is."""
        is_fault = (
            isinstance(error, sqlite3.OperationalError) or type(error) is sqlite3.DatabaseError
        )
        if is_fault:
            raise as_store_error(error, self._path) from error
        raise error


def _damaged_text(stored: bytes) -> str:
    return stored.decode("utf-8", "replace")
