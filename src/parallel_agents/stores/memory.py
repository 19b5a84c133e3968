"""Memory store: the same journal in a private database that is gone with the process.

It runs each change where it is called, without a thread, so tests can use it on virtual time.
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

from typing_extensions import override

from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS
from parallel_agents.errors import PagentsError
from parallel_agents.stores.journal import Journal
from parallel_agents.stores.journal_store import JournalStore, Read
from parallel_agents.stores.sqlite_database import migrate

_T = TypeVar("_T")


class MemoryStore(JournalStore):
    """A store that forgets.

    Args:
        now: seconds since the epoch.
        dead_letter_seconds: how long dead letters are kept.
    """

    def __init__(
        self,
        now: Callable[[], float] = time.time,
        *,
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
    ) -> None:
        super().__init__(now, dead_letter_seconds)
        self._sql = sqlite3.connect(":memory:", isolation_level=None)
        migrate(self._sql)
        self._journal = Journal(self._sql, now, dead_letter_seconds)

    @override
    async def _change(self, change: Callable[[Journal], _T]) -> _T:
        return self._apply(change)

    @override
    def _change_soon(self, change: Callable[[Journal], None]) -> None:
        with suppress(PagentsError):
            self._apply(change)

    @override
    async def _read(self, read: Read[_T]) -> _T:
        return read(self._sql, self._journal.agents)

    async def aclose(self) -> None:
        self._sql.close()

    def _apply(self, change: Callable[[Journal], _T]) -> _T:
        self._journal.begin()
        self._sql.execute("BEGIN")
        try:
            value = change(self._journal)
            self._journal.seal()
        except BaseException:
            self._sql.execute("ROLLBACK")
            raise
        self._sql.execute("COMMIT")
        self._journal.committed()
        self._publish(self._journal.written)
        return value
