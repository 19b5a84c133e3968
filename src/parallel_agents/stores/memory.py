"""Memory store: the same journal on a private database that ends with the process.

It makes each change where it is called, without a thread, so tests can use it on virtual time.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, TypeVar

from typing_extensions import override

from parallel_agents.clock import of_this_process
from parallel_agents.core.annotations import Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.errors import PagentsError
from parallel_agents.stores.journal import AnyChange, Change, Journal
from parallel_agents.stores.journal_store import JournalStore
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase

_T = TypeVar("_T")


class MemoryStore(JournalStore):
    """A store that forgets.

    Args:
        now: returns seconds since the epoch; None for a clock that ignores steps of the wall clock.
        dead_letter_seconds: how long dead letters are kept.
    """

    @checked
    def __init__(
        self,
        now: Callable[[], float] | None = None,
        *,
        dead_letter_seconds: Seconds = DEAD_LETTER_SECONDS,
    ) -> None:
        now = now or of_this_process()
        super().__init__(now, dead_letter_seconds)
        self._journal = Journal(SqliteDatabase.in_memory(), now, dead_letter_seconds)

    @override
    async def submit(self, change: Change[Any, _T]) -> _T:
        (answer,), events = self._journal.commit([change])
        self._publish(events)
        if isinstance(answer, PagentsError):
            raise answer
        return answer

    @override
    def submit_soon(self, change: AnyChange) -> None:
        with suppress(PagentsError):
            _, events = self._journal.commit([change])
            self._publish(events)

    @override
    async def read(self, read: Callable[[Rows], _T]) -> _T:
        return read(self._journal.rows)

    async def aclose(self) -> None:
        self._journal.database.close()
