"""Group commit: one writer thread, and everything that waits in one transaction.

The writer commits all waiting changes at once and then answers their callers, so that however many
runs there are share the cost of a commit. While it has nothing to write, it checks every 20 ms
whether another process has committed: that is the only poll in a process.
"""

from __future__ import annotations

import asyncio
import logging
import queue
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, NamedTuple, TypeAlias, TypeVar

from typing_extensions import override

from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS
from parallel_agents.core.event import Event
from parallel_agents.errors import StoreError, StoreReplaced, StoreUnreachable, WriterEnded
from parallel_agents.stores.database import Database
from parallel_agents.stores.journal import AnyChange, Change, Journal
from parallel_agents.stores.journal_runs import Answer
from parallel_agents.stores.journal_store import JournalStore
from parallel_agents.stores.rows import Rows

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_POLL_SECONDS = 0.02
_BATCH = 2000
_MOST_FAULTS = 100  # two seconds of polls


class GroupCommitStore(JournalStore):
    """A store on two connections to a database that other processes may use too.

    Args:
        name: the name of the store in messages.
        writing: the connection that only the writer thread uses.
        reading: the connection for reads, in another thread.
        dead_letter_seconds: how long dead letters are kept.
    """

    def __init__(
        self,
        name: str,
        writing: Database,
        reading: Database,
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
    ) -> None:
        super().__init__(time.time, dead_letter_seconds)
        self._name = name
        journal = Journal(writing, time.time, dead_letter_seconds)
        self._writer = _Writer(journal, self._publish, self._fail)
        self._reader = ThreadPoolExecutor(1, thread_name_prefix="pagents-read")
        self._rows = Rows(reading)
        self._is_closed = False

    @override
    async def submit(self, change: Change[Any, _T]) -> _T:
        self._check_open()
        return await self._writer.submit(change)

    @override
    def submit_soon(self, change: AnyChange) -> None:
        if not self._is_closed:
            self._writer.submit_soon(change)

    @override
    async def read(self, read: Callable[[Rows], _T]) -> _T:
        self._check_open()
        return await asyncio.get_running_loop().run_in_executor(self._reader, read, self._rows)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnreachable(f"{self._name} is closed")

    async def aclose(self) -> None:
        """Write what waits, and release both threads and connections."""
        if self._is_closed:
            return
        self._is_closed = True
        await asyncio.to_thread(self._writer.stop)
        self._reader.shutdown()
        self._rows.database.close()


class _Waiting(NamedTuple):
    """A change, and the future of the caller that waits for it, if one does."""

    change: AnyChange
    waiter: asyncio.Future[Any] | None  # its result has the type that the change returns


_Settled: TypeAlias = Sequence[tuple[_Waiting, Answer[Any] | Exception]]


class _Writer:
    """The thread that commits. It is the only user of its journal.

    When it cannot go on, it tells the loop, and refuses whatever waits or comes later: nobody waits
    for a commit that never happens, or for an event that nobody reads.
    """

    def __init__(
        self,
        journal: Journal,
        publish: Callable[[list[Event]], None],
        fail: Callable[[StoreError], None],
    ) -> None:
        self._journal = journal
        self._publish = publish
        self._fail_store = fail
        self._faults = 0  # of looking for news, one after the other
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._thread = threading.Thread(target=self._work, name="pagents-write", daemon=True)
        self._thread.start()

    def submit(self, change: Change[Any, _T]) -> asyncio.Future[_T]:
        waiter: asyncio.Future[_T] = self._loop.create_future()
        self._queue.put(_Waiting(change, waiter))
        return waiter

    def submit_soon(self, change: AnyChange) -> None:
        self._queue.put(_Waiting(change, None))

    def stop(self) -> None:
        self._queue.put(None)
        self._thread.join()

    def _work(self) -> None:
        try:
            self._commit_until_stopped()
        except StoreReplaced as error:
            self._refuse_until_stopped(error)
        except BaseException as error:  # noqa: BLE001 - the thread's edge: its end must be known
            _log.exception("the store's writer has ended")
            ended = WriterEnded(
                f"the thread that writes to the store has ended: {type(error).__name__}: {error}",
                why="a bug",
                hint="please report it with the log, and start again: what was stored is kept",
            )
            self._refuse_until_stopped(ended)
        finally:
            self._journal.database.close()

    def _commit_until_stopped(self) -> None:
        is_stopping = False
        while not is_stopping:
            batch, is_stopping = self._next_batch()
            if batch:
                self._commit(batch)
            elif not is_stopping:
                self._look_for_foreign_commits()

    def _refuse_until_stopped(self, error: StoreError) -> None:
        self._on_loop(lambda: self._fail_store(error))
        is_stopping = False
        while not is_stopping:
            batch, is_stopping = self._next_batch()
            self._hand_over([(waiting, error) for waiting in batch], [])

    def _next_batch(self) -> tuple[list[_Waiting], bool]:
        """All that waits, at most `_BATCH`; empty if nothing came within the poll's time."""
        batch: list[_Waiting] = []
        try:
            waiting = self._queue.get(timeout=_POLL_SECONDS)
            while waiting is not None:
                batch.append(waiting)
                if len(batch) == _BATCH:
                    return batch, False
                waiting = self._queue.get_nowait()
        except queue.Empty:
            return batch, False
        return batch, True

    def _commit(self, batch: list[_Waiting]) -> None:
        try:
            answers, events = self._journal.commit([waiting.change for waiting in batch])
        except Exception as error:
            self._fail(batch, error)
            if isinstance(error, StoreReplaced):
                raise  # nothing can be written any more
        else:
            self._hand_over(list(zip(batch, answers, strict=True)), events)

    def _fail(self, batch: list[_Waiting], error: Exception) -> None:
        """Fail changes: a fault of the store fails them all, any other error only its own change."""
        if len(batch) > 1 and not isinstance(error, StoreError):
            for waiting in batch:
                self._commit([waiting])
        else:
            self._hand_over([(waiting, error) for waiting in batch], [])

    def _look_for_foreign_commits(self) -> None:
        try:
            if not self._journal.database.has_news():
                return
            events = self._journal.read_news()
        except StoreReplaced:
            raise
        except StoreError:
            return  # the next change or poll meets the same fault, and a change reports it
        except Exception:
            self._faults += 1
            if self._faults >= _MOST_FAULTS:
                raise  # nobody would ever hear of other processes again
            return
        self._faults = 0
        if events:
            self._hand_over([], events)

    def _hand_over(self, settled: _Settled, events: list[Event]) -> None:
        def on_loop() -> None:
            for (_, waiter), answer in settled:
                if waiter is not None and not waiter.done():
                    _settle(waiter, answer)
            self._publish(events)

        self._on_loop(on_loop)

    def _on_loop(self, call: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(call)
        except RuntimeError:
            return  # the loop is closed, so no caller waits; what was written is durable


def _settle(waiter: asyncio.Future[_T], answer: _T | Exception) -> None:
    if isinstance(answer, Exception):
        waiter.set_exception(answer)
    else:
        waiter.set_result(answer)
