"""SQLite store: one file for any number of processes on one machine."""

from __future__ import annotations

from functools import partial
from pathlib import Path
from typing import Self

from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.stores.group_commit import GroupCommitStore
from parallel_agents.stores.opened import open_in_thread
from parallel_agents.stores.sqlite_database import SqliteDatabase


class SqliteStore(GroupCommitStore):
    """A store in a file; created by `open`."""

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        is_full_sync: bool = False,
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
    ) -> Self:
        """Open the store; create it or bring it up to date if necessary.

        Raises:
            StoreReadOnly, StoreFull, StoreTooNew, StoreUnreachable: what is wrong with the file.
        """

        def make() -> tuple[SqliteDatabase, SqliteDatabase]:
            writing = SqliteDatabase.open_for_writing(path, is_full_sync=is_full_sync)
            try:
                return writing, SqliteDatabase.open_for_reading(path)
            except BaseException:
                writing.close()
                raise

        def close(databases: tuple[SqliteDatabase, SqliteDatabase]) -> None:
            for each in databases:
                each.close()

        writing, reading = await open_in_thread(make, close)
        open_another = partial(SqliteDatabase.open_for_reading, path)
        return cls(f"store {path}", writing, reading, open_another, dead_letter_seconds)
