"""SQLite store: one file, one writer thread, everything that waits in one transaction.

The writer commits all changes that are waiting at once and then lets their callers go on, so the
cost of a commit is shared by however many runs there are. While it has nothing to write it looks
every 20 ms whether another process has committed: that is the only poll there is.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Generic, TypeVar

from typing_extensions import override

from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS
from parallel_agents.core.event import Event
from parallel_agents.errors import PagentsError, StoreUnreachable
from parallel_agents.stores import rows
from parallel_agents.stores.checkpoints import Checkpoints
from parallel_agents.stores.journal import Journal
from parallel_agents.stores.journal_store import JournalStore, Read
from parallel_agents.stores.queries import query
from parallel_agents.stores.sqlite_database import (
    as_store_error,
    closed_on_error,
    connect,
    mapped_errors,
    migrate,
)

_T = TypeVar("_T")
_POLL_SECONDS = 0.02
_BATCH = 2000


class SqliteStore(JournalStore):
    """A store in a file, for any number of processes on one machine; made by `open`."""

    def __init__(
        self,
        path: Path,
        writing: sqlite3.Connection,
        reading_: sqlite3.Connection,
        dead_letter_seconds: float,
    ) -> None:
        super().__init__(time.time, dead_letter_seconds)
        self._path = path
        self._writer = _Writer(
            path, Journal(writing, time.time, dead_letter_seconds), writing, self._publish
        )
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="pagents-read")
        self._reading = reading_
        self._agents = rows.Agents(reading_)
        self._is_closed = False

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        is_full_sync: bool = False,
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
    ) -> SqliteStore:
        """Open the store, make it or bring it up to date where that is needed.

        Raises:
            StoreReadOnly, StoreFull, StoreTooNew, StoreUnreachable: what is wrong with the file.
        """

        def connections() -> tuple[sqlite3.Connection, sqlite3.Connection]:
            writing = connect(path, is_full_sync=is_full_sync)
            with closed_on_error(writing):
                with mapped_errors(path):
                    migrate(writing)
                return writing, connect(path)

        return cls(path, *await asyncio.to_thread(connections), dead_letter_seconds)

    @override
    async def _change(self, change: Callable[[Journal], _T]) -> _T:
        if self._is_closed:
            raise StoreUnreachable(f"store {self._path} is closed")
        return await self._writer.submit(change)

    @override
    def _change_soon(self, change: Callable[[Journal], None]) -> None:
        if not self._is_closed:
            self._writer.submit(change).add_done_callback(_look_away)

    @override
    async def _read(self, read: Read[_T]) -> _T:
        def work() -> _T:
            with mapped_errors(self._path):
                return read(self._reading, self._agents)

        if self._is_closed:
            raise StoreUnreachable(f"store {self._path} is closed")
        return await asyncio.get_running_loop().run_in_executor(self._reader, work)

    async def aclose(self) -> None:
        """Write what waits, and give back both threads and the file."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.to_thread(self._writer.stop)
        self._reader.shutdown()
        self._reading.close()


class _Change(Generic[_T]):
    """A change that waits for its transaction, and who waits for it."""

    __slots__ = ("_apply", "_waiter", "settle")

    def __init__(self, apply: Callable[[Journal], _T], waiter: asyncio.Future[_T]) -> None:
        self._apply = apply
        self._waiter = waiter
        self.settle: Callable[[], None] = lambda: None

    def run(self, journal: Journal) -> None:
        """Apply it; a refusal is its answer, any other error is the transaction's."""
        try:
            value = self._apply(journal)
        except PagentsError as refusal:
            self.fail(refusal)
        else:
            self.settle = partial(_set_result, self._waiter, value)

    def fail(self, error: Exception) -> None:
        self.settle = partial(_set_exception, self._waiter, error)


def _set_result(waiter: asyncio.Future[_T], value: _T) -> None:
    if not waiter.done():
        waiter.set_result(value)


def _set_exception(waiter: asyncio.Future[_T], error: Exception) -> None:
    if not waiter.done():
        waiter.set_exception(error)


def _look_away(done: asyncio.Future[None]) -> None:
    """Take the error of a change that nobody waits for, so that it is not reported as lost."""
    if not done.cancelled():
        done.exception()


class _Writer:
    """The thread that commits. It is the only user of its connection and its journal."""

    def __init__(
        self,
        path: Path,
        journal: Journal,
        sql: sqlite3.Connection,
        publish: Callable[[list[Event]], None],
    ) -> None:
        self._path = path
        self._sql = sql
        self._publish = publish
        self._journal = journal
        self._checkpoints = Checkpoints(path, sql)
        self._waiting: queue.SimpleQueue[_Change[object] | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._seen_seq = self._last_seq()
        self._seen_version = self._data_version()
        self._thread = threading.Thread(target=self._work, name="pagents-write", daemon=True)
        self._thread.start()

    def submit(self, change: Callable[[Journal], _T]) -> asyncio.Future[_T]:
        waiter: asyncio.Future[_T] = self._loop.create_future()
        self._waiting.put(_Change(change, waiter))  # type: ignore[arg-type]
        return waiter

    def stop(self) -> None:
        self._waiting.put(None)
        self._thread.join()
        self._checkpoints.stop()

    def _work(self) -> None:
        is_stopping = False
        while not is_stopping:
            batch, is_stopping = self._next_batch()
            if batch:
                self._commit(batch)
            elif not is_stopping:
                self._look_for_foreign_commits()
        self._sql.close()

    def _next_batch(self) -> tuple[list[_Change[object]], bool]:
        """All that waits, at most `_BATCH`; empty after a poll's time without any."""
        batch: list[_Change[object]] = []
        try:
            change = self._waiting.get(timeout=_POLL_SECONDS)
            while change is not None:
                batch.append(change)
                if len(batch) == _BATCH:
                    return batch, False
                change = self._waiting.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _commit(self, batch: list[_Change[object]]) -> None:
        try:
            events = self._transact(batch)
        except Exception as error:  # noqa: BLE001 - the thread's edge: whoever waits must hear of it
            self._fail(batch, error)
        else:
            self._hand_over(batch, events)
            self._checkpoints.note_commit()

    def _fail(self, batch: list[_Change[object]], error: Exception) -> None:
        """Tell all that the store failed them; after another error, only the change that failed."""
        if len(batch) > 1 and not isinstance(error, sqlite3.OperationalError):
            for change in batch:
                self._commit([change])
            return
        told = as_store_error(error, self._path) if isinstance(error, sqlite3.Error) else error
        for change in batch:
            change.fail(told)
        self._hand_over(batch, [])

    def _transact(self, batch: list[_Change[object]]) -> list[Event]:
        """Apply a batch and commit; the events since the last time, others' before ours."""
        self._journal.begin()
        self._sql.execute("BEGIN IMMEDIATE")
        try:
            foreign = self._foreign_events()
            for change in batch:
                change.run(self._journal)
            self._journal.seal()
            self._sql.execute("COMMIT")
            self._journal.committed()
        except BaseException:
            if self._sql.in_transaction:
                self._sql.execute("ROLLBACK")
            raise
        events = foreign + self._journal.written
        self._seen_seq = events[-1].seq if events else self._seen_seq
        return events

    def _look_for_foreign_commits(self) -> None:
        try:
            version = self._data_version()
            if version == self._seen_version:
                return
            self._seen_version = version
            events = self._foreign_events()
        except sqlite3.Error:
            return  # a poll may fail; the next change or poll meets the same fault and reports it
        if events:
            self._seen_seq = events[-1].seq
            self._hand_over([], events)

    def _foreign_events(self) -> list[Event]:
        if self._last_seq() == self._seen_seq:
            return []
        return rows.events(self._sql, after=self._seen_seq, session=None, tree=None, limit=None)

    def _last_seq(self) -> int:
        return self._sql.execute(query("last_seq")).fetchone()[0]

    def _data_version(self) -> int:
        """Changes when another connection has committed, not when this one has."""
        return self._sql.execute("PRAGMA data_version").fetchone()[0]

    def _hand_over(self, batch: list[_Change[object]], events: list[Event]) -> None:
        def on_loop() -> None:
            for change in batch:
                change.settle()
            self._publish(events)

        try:
            self._loop.call_soon_threadsafe(on_loop)
        except RuntimeError:
            return  # the loop is closed: nobody waits any more, and what was written stays written
