"""Virtual store: a real SQLite file on virtual time, whose process may stop between any two changes.

It commits as a process does: whatever waits goes into one transaction, after a moment, and other
processes hear of it a little later. Everything happens on one loop, so a round is repeatable.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol, TypeVar

from typing_extensions import override

from parallel_agents.errors import StoreUnreachable
from parallel_agents.stores.journal import AnyChange, Change, Journal
from parallel_agents.stores.journal_store import JournalStore
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase

_T = TypeVar("_T")
NEWS_SECONDS = 0.02


class Fate(Protocol):
    """What may happen to a process at a change."""

    @property
    def is_buried(self) -> bool:
        """Whether the process is gone, and what is left of it is being cleared away."""
        ...

    async def move(self) -> None:
        """Return once the process can do something: never, if it has died."""
        ...

    def before_change(self) -> bool:
        """Whether the process still makes the change that it is about to make."""
        ...

    def after_change(self) -> None:
        """A change is durable, and its caller does not know yet."""
        ...


class _Waiting(NamedTuple):
    change: AnyChange
    waiter: asyncio.Future[Any] | None


class VirtualStore(JournalStore):
    """A process's way to the file.

    Args:
        path: the file.
        fate: of the process.
        delay: returns after how many seconds the next transaction begins.
        tell: called when something was committed.
    """

    def __init__(
        self,
        path: Path,
        fate: Fate,
        *,
        delay: Callable[[], float],
        tell: Callable[[VirtualStore], None],
    ) -> None:
        loop = asyncio.get_running_loop()
        super().__init__(loop.time)
        self._journal = Journal(SqliteDatabase.open_for_writing(path), loop.time)
        self._fate = fate
        self._delay = delay
        self._tell = tell
        self._queue: list[_Waiting] = []
        self._writer: asyncio.Task[None] | None = None
        self._is_closed = False

    @override
    async def submit(self, change: Change[Any, _T]) -> _T:
        if self._is_closed or self._fate.is_buried:
            raise StoreUnreachable("the process is dead")
        waiter: asyncio.Future[_T] = asyncio.get_running_loop().create_future()
        self._queue.append(_Waiting(change, waiter))
        self._wake()
        return await waiter

    @override
    def submit_soon(self, change: AnyChange) -> None:
        if not self._is_closed and not self._fate.is_buried:
            self._queue.append(_Waiting(change, None))
            self._wake()

    @override
    async def read(self, read: Callable[[Rows], _T]) -> _T:
        if self._is_closed or self._fate.is_buried:
            raise StoreUnreachable("the process is dead")
        await asyncio.sleep(0)
        await self._fate.move()
        return read(self._journal.rows)

    async def hear(self) -> None:
        """Look whether others have committed."""
        await asyncio.sleep(NEWS_SECONDS)
        await self._fate.move()
        if not self._is_closed and not self._fate.is_buried:
            self._publish(self._journal.read_news())

    async def aclose(self) -> None:
        """Write what waits, and close the file."""
        if self._writer is not None and not self._fate.is_buried:
            await self._writer
        self._is_closed = True
        self.bury()
        self._journal.database.close()

    def bury(self) -> None:
        """Fail whatever still waits for a change that is never made."""
        if self._writer is not None:
            self._writer.cancel()
        for waiting in self._queue:
            if waiting.waiter is not None and not waiting.waiter.done():
                waiting.waiter.set_exception(StoreUnreachable("the process is dead"))
        self._queue.clear()

    def _wake(self) -> None:
        if self._writer is None or self._writer.done():
            self._writer = asyncio.create_task(self._write())

    async def _write(self) -> None:
        while self._queue:
            await asyncio.sleep(self._delay())
            await self._fate.move()
            batch: list[_Waiting] = []
            goes_on = True
            for waiting in self._queue:
                goes_on = self._fate.before_change()
                if not goes_on:
                    break
                batch.append(waiting)
            del self._queue[: len(batch)]
            self._commit(batch)
            await self._fate.move()  # whoever dies with a change tells nobody that it is made

    def _commit(self, batch: list[_Waiting]) -> None:
        if not batch:
            return
        try:
            answers, events = self._journal.commit([waiting.change for waiting in batch])
        except Exception as error:  # noqa: BLE001 - each caller gets its own
            if len(batch) > 1 and not isinstance(error, StoreUnreachable):
                for waiting in batch:
                    self._commit([waiting])
                return
            self._settle(batch, [error] * len(batch))
            return
        self._fate.after_change()
        self._tell(self)
        asyncio.get_running_loop().create_task(self._hand_over(batch, answers, events))

    async def _hand_over(
        self, batch: list[_Waiting], answers: list[Any], events: list[Any]
    ) -> None:
        await self._fate.move()
        if self._fate.is_buried:
            return
        self._settle(batch, answers)
        self._publish(events)

    def _settle(self, batch: list[_Waiting], answers: list[Any]) -> None:
        for (_, waiter), answer in zip(batch, answers, strict=True):
            if waiter is None or waiter.done():
                continue
            if isinstance(answer, Exception):
                waiter.set_exception(answer)
            else:
                waiter.set_result(answer)
