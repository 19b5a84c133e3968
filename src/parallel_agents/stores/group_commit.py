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
from functools import partial
from typing import Any, NamedTuple, TypeAlias, TypeVar

from typing_extensions import override

from parallel_agents.clock import awake, steady
from parallel_agents.core.event import Event
from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.errors import StoreError, StoreReplaced, StoreUnreachable, WriterEnded
from parallel_agents.stores.database import Database
from parallel_agents.stores.journal import AnyChange, Change, Journal, apply_each
from parallel_agents.stores.journal_store import JournalStore
from parallel_agents.stores.reader import LateReader, Reader
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.run_requests import Answer
from parallel_agents.stores.store_clock import read_clock

_log = logging.getLogger(__name__)
_T = TypeVar("_T")
_POLL_SECONDS = 0.02
_BATCH = 2000
_MOST_FAULTS = 100  # two seconds of polls
# The loop sends a heartbeat every two seconds.
_LATE_SECONDS = 4.0
_CLOSE_SECONDS = 10.0
_FAREWELL_SECONDS = 2.0
# A shorter sleep of the machine is not told from the time between two reads of its clocks.
_SLEPT_SECONDS = 1.0


class GroupCommitStore(JournalStore):
    """A store on two connections to a database that other processes may use too.

    Args:
        name: the name of the store in messages.
        writing: the connection that only the writer thread uses.
        reading: the connection for reads, in another thread.
        open_another: opens one more for reads that take long, once there is one, in a third thread.
        dead_letter_seconds: how long dead letters are kept.
    """

    def __init__(
        self,
        name: str,
        writing: Database,
        reading: Database,
        open_another: Callable[[], Database],
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
    ) -> None:
        now, least_now = read_clock(writing)
        super().__init__(now, dead_letter_seconds, least_now)
        self._name = name
        journal = Journal(writing, now, dead_letter_seconds, least_now)
        self._writer = _Writer(journal, self._publish, self._fail, self._tell_state)
        self._reader = Reader(Rows(reading))
        self._long_reader = LateReader(lambda: Rows(open_another()))
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
    async def heartbeat(self, owner: Owner) -> None:
        self._writer.keep_alive(owner)
        await super().heartbeat(owner)
        self._writer.has_heard(owner)

    @override
    async def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        self._writer.leave_to_others(owner, runs)
        await super().release(owner, runs)

    @override
    async def read(self, read: Callable[[Rows], _T]) -> _T:
        self._check_open()
        return await self._reader.read(read)

    @override
    async def read_long(self, read: Callable[[Rows], _T]) -> _T:
        self._check_open()
        return await self._long_reader.read(read)

    def _check_open(self) -> None:
        if self._is_closed:
            raise StoreUnreachable(
                f"{self._name} is closed",
                hint="use sessions and handles inside the `async with` that made them",
            )

    async def aclose(self) -> None:
        """Write what waits, and release both threads and connections.

        If another program holds the store, or it fails, the writer continues behind the caller's
        back: this process may live for weeks, and only the store tells others that it works no
        longer.
        """
        if self._is_closed:
            return
        self._is_closed = True
        loop = asyncio.get_running_loop()
        try:
            await asyncio.to_thread(self._writer.stop)
        finally:  # also for a caller that does not wait for the writer
            self._reader.close(loop)
            self._long_reader.close(loop)


class _Waiting(NamedTuple):
    """A change, and the future of the caller that waits for it, if one does."""

    change: AnyChange
    waiter: asyncio.Future[Any] | None  # its result has the type that the change returns


_Settled: TypeAlias = Sequence[tuple[_Waiting, Answer[Any] | Exception]]


class _Writer:
    """The thread that commits. It is the only user of its journal.

    When it must stop, it tells the loop, and refuses whatever waits or comes later: nobody waits
    for a commit that never happens, or for an event that nobody reads.
    """

    def __init__(
        self,
        journal: Journal,
        publish: Callable[[list[Event]], None],
        fail: Callable[[StoreError], None],
        tell_news: Callable[[], None],
    ) -> None:
        self._journal = journal
        self._tell_news = tell_news
        self._publish = publish
        self._fail_store = fail
        self._faults = 0  # of looking for news, one after the other
        self._queue: queue.SimpleQueue[_Waiting | None] = queue.SimpleQueue()
        self._loop = asyncio.get_running_loop()
        self._pulse = _Pulse()
        self._is_left = threading.Event()
        thread = threading.Thread(target=self._work, name="pagents-write", daemon=True)
        thread.start()

    def submit(self, change: Change[Any, _T]) -> asyncio.Future[_T]:
        waiter: asyncio.Future[_T] = self._loop.create_future()
        self._queue.put(_Waiting(change, waiter))
        return waiter

    def submit_soon(self, change: AnyChange) -> None:
        self._queue.put(_Waiting(change, None))

    def keep_alive(self, owner: Owner) -> None:
        """Repeat an owner's heartbeat while the loop is late with the next; until it is not live."""
        self._pulse.note(owner)

    def leave_to_others(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        """Take note of the runs that an owner gives up as it leaves."""
        self._pulse.note_release(owner, runs)

    def has_heard(self, owner: Owner) -> None:
        """A heartbeat was written."""
        self._pulse.note_written(owner)

    def stop(self) -> None:
        """Return once everything is written and closed, or once that may take long."""
        self._queue.put(None)
        self._is_left.wait(_CLOSE_SECONDS)

    def _work(self) -> None:
        try:
            self._commit_until_stopped()
            self._say_farewells()
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
            self._is_left.set()

    def _say_farewells(self) -> None:
        """Write, until it works, that the owners which could not write it themselves have left."""
        while farewells := self._pulse.farewells():
            try:
                self._journal.commit([Change(apply_each, call) for call in farewells])
            except StoreReplaced:
                return
            except StoreError as error:
                _log.debug("the store does not learn yet that its owner has left: %s", error)
                self._is_left.set()
                time.sleep(_FAREWELL_SECONDS)
            else:
                return

    def _commit_until_stopped(self) -> None:
        is_stopping = False
        while not is_stopping:
            batch, is_stopping = self._next_batch()
            if batch:
                self._commit(batch)
            elif not is_stopping:
                self._look_for_foreign_commits()
            if due := self._pulse.changes():
                self._commit([_Waiting(Change(apply_each, call), None) for call in due])

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
        self._on_loop(self._tell_news)
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


class _Pulse:
    """What a process says about itself when its event loop cannot: that it lives, and that it slept.

    The loop takes the notes, and the writer's thread asks for the changes.
    """

    def __init__(self) -> None:
        self._due: dict[OwnerId, float] = {}
        self._live: dict[OwnerId, Owner] = {}
        self._leaving: dict[OwnerId, Owner] = {}
        self._released: dict[OwnerId, Sequence[RunId]] = {}
        self._slept = steady() - awake()

    def note(self, owner: Owner) -> None:
        """Take note of a heartbeat that is about to be written."""
        if owner.state is OwnerState.LIVE:
            self._due[owner.id] = awake() + _LATE_SECONDS
            self._live[owner.id] = owner
        else:
            self._live.pop(owner.id, None)
            self._leaving[owner.id] = owner

    def note_release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        """Take note of runs that are about to be released."""
        self._released[owner] = runs

    def note_written(self, owner: Owner) -> None:
        """A heartbeat was written; the last one needs no repetition."""
        if self._leaving.pop(owner.id, None):
            self._released.pop(owner.id, None)

    def farewells(self) -> list[Callable[[Journal], None]]:
        """The last changes of owners which do not know that they were written."""
        return [
            partial(_leave, owner=owner, runs=self._released.get(owner.id, ()))
            for owner in self._leaving.values()
        ]

    def changes(self) -> list[Callable[[Journal], None]]:
        """The changes to make now: none, nearly always."""
        now, slept = awake(), steady() - awake()
        more, live = slept - self._slept, list(self._live.values())
        calls: list[Callable[[Journal], None]] = []
        if more > _SLEPT_SECONDS:
            self._slept = slept
            calls = [partial(_count_sleep, owner=owner.id, seconds=more) for owner in live]
        for owner in live:
            if self._due[owner.id] <= now:
                self._due[owner.id] = now + _LATE_SECONDS
                calls.append(partial(_beat, owner=owner))
        return calls


def _beat(journal: Journal, *, owner: Owner) -> None:
    journal.owners.heartbeat(owner)


def _leave(journal: Journal, *, owner: Owner, runs: Sequence[RunId]) -> None:
    journal.owners.release(owner.id, runs)
    journal.owners.heartbeat(owner)


def _count_sleep(journal: Journal, *, owner: OwnerId, seconds: float) -> None:
    journal.owners.count_sleep(owner, seconds)


def _settle(waiter: asyncio.Future[_T], answer: _T | Exception) -> None:
    if isinstance(answer, Exception):
        waiter.set_exception(answer)
    else:
        waiter.set_result(answer)
