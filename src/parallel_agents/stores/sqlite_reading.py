"""SQLite reading: a store that cannot be written, or must not be, read as it is.

It may lie on a read-only medium, or have been written by an older or a newer version. Nothing is
written into it, into its log, or beside it.
"""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
import tempfile
from collections.abc import Callable
from contextlib import suppress
from enum import Enum, auto
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeVar

from typing_extensions import override

from parallel_agents.clock import of_this_process
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.errors import StoreError, StoreReadOnly
from parallel_agents.stores.journal import AnyChange, Change
from parallel_agents.stores.journal_store import JournalStore
from parallel_agents.stores.opened import open_in_thread
from parallel_agents.stores.reader import Reader
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_connection import (
    closed_on_error,
    mapped_errors,
    migrate,
    newest_version,
    stored_version,
    too_new,
)
from parallel_agents.stores.sqlite_database import SqliteDatabase
from parallel_agents.stores.sqlite_file import (
    check_is_store,
    has_log,
    is_writable,
    read_only,
    wal_of,
)

_T = TypeVar("_T")


class Form(Enum):
    """What a store is to this process."""

    MISSING = auto()
    WRITABLE = auto()
    READ_ONLY = auto()
    OLDER = auto()
    NEWER = auto()


class Found(NamedTuple):
    form: Form
    version: int


def look_at(path: Path) -> Found:
    """What a path leads to; creates and changes nothing.

    Raises:
        StoreUnreachable: it is not a store, or cannot be read.
    """
    check_is_store(path)
    if not path.exists() or path.stat().st_size == 0:
        return Found(Form.MISSING, 0)
    with mapped_errors(path):
        connection = connection_for_reading(path)
        try:
            version = stored_version(connection)
        finally:
            connection.close()
    newest = newest_version()
    if version == 0:
        form = Form.MISSING
    elif version < newest:
        form = Form.OLDER
    elif version > newest:
        form = Form.NEWER
    else:
        form = Form.WRITABLE if is_writable(path) else Form.READ_ONLY
    return Found(form, version)


def connection_for_reading(path: Path) -> sqlite3.Connection:
    """A connection that reads all that was committed, whatever of the folder can be written."""
    if not is_writable(path) and not has_log(path):
        return read_only(path, immutable=True)
    connection = read_only(path)
    with closed_on_error(connection):
        with suppress(sqlite3.OperationalError):
            stored_version(connection)
            return connection
        # SQLite can read the log only with an index beside it, which cannot be made here.
        connection.close()
        return _copied(path)


def _copied(path: Path) -> sqlite3.Connection:
    """A copy in memory of a database and its log."""
    copy = sqlite3.connect(":memory:", isolation_level=None, check_same_thread=False)
    with closed_on_error(copy), tempfile.TemporaryDirectory(prefix="pagents-") as folder:
        beside = Path(folder) / path.name
        shutil.copyfile(path, beside)
        shutil.copyfile(wal_of(path), wal_of(beside))
        source = sqlite3.connect(beside)
        try:
            source.backup(copy)
        finally:
            source.close()
    return copy


def _upgraded(connection: sqlite3.Connection) -> sqlite3.Connection:
    """A copy in the newest form, in a temporary file of SQLite's own that ends with it."""
    copy = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    with closed_on_error(copy):
        try:
            connection.backup(copy)
        finally:
            connection.close()
        migrate(copy)
    return copy


class ReadingStore(JournalStore):
    """A store that refuses every change."""

    def __init__(self, database: SqliteDatabase, refusal: StoreError, kept_seconds: float) -> None:
        super().__init__(of_this_process(), kept_seconds)
        self._refusal = refusal
        self._reader = Reader(Rows(database))

    @classmethod
    async def open(cls, path: Path, *, dead_letter_seconds: float = DEAD_LETTER_SECONDS) -> Self:
        """Open a store that exists.

        Raises:
            StoreUnreachable, StoreTooNew: it cannot be read.
        """

        def opened() -> Self:
            found = look_at(path)
            with mapped_errors(path):
                connection = connection_for_reading(path)
                if found.form is Form.OLDER:
                    connection = _upgraded(connection)
                refusal = _refusal(path, found)
                try:
                    return cls(SqliteDatabase(path, connection), refusal, dead_letter_seconds)
                except StoreError as error:
                    connection.close()
                    raise (refusal if found.form is Form.NEWER else error) from error

        def close(store: Self) -> None:
            store._reader.close(loop)

        loop = asyncio.get_running_loop()
        return await open_in_thread(opened, close)

    @override
    async def submit(self, change: Change[Any, _T]) -> _T:
        raise self._refusal

    @override
    def submit_soon(self, change: AnyChange) -> None:
        pass  # as for any change that nobody waits for: its refusal is told to no one

    @override
    async def read(self, read: Callable[[Rows], _T]) -> _T:
        return await self._reader.read(read)

    async def aclose(self) -> None:
        self._reader.close(asyncio.get_running_loop())


def _refusal(path: Path, found: Found) -> StoreError:
    if found.form is Form.NEWER:
        return too_new(found.version, newest_version())
    return StoreReadOnly(
        f"store {path} cannot be written",
        why="its file or folder is read-only",
        hint="give yourself write permission, or name another home with PARALLEL_AGENTS_HOME",
    )
