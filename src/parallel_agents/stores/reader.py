"""Reader: a thread that reads; what is asked for at once crosses to it and back together.

A crossing costs more CPU than most reads: a face that asks eight questions at once pays for one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from time import monotonic
from typing import Any, NamedTuple, TypeVar

from parallel_agents.errors import StoreUnreachable
from parallel_agents.stores.opened import open_in_thread
from parallel_agents.stores.own_thread import OwnThread
from parallel_agents.stores.rows import Rows

_T = TypeVar("_T")
# A read that takes longer than this keeps no answer back that was found before it.
_HELD_SECONDS = 0.002


class _Asked(NamedTuple):
    """A read, and the future of who waits for it."""

    read: Callable[[Rows], Any]
    waiter: asyncio.Future[Any]  # its result has the type that the read returns


class _Answered(NamedTuple):
    """What became of a read."""

    waiter: asyncio.Future[Any]
    found: object
    error: BaseException | None


class Reader:
    """The reads of one connection, in a thread of its own; used by one event loop."""

    def __init__(self, rows: Rows) -> None:
        self.rows = rows
        self._thread = OwnThread("pagents-read")
        self._waiting: list[_Asked] = []
        self._is_closed = False

    async def read(self, read: Callable[[Rows], _T]) -> _T:
        """Call `read` in the thread, and return what it returns or raise what it raises.

        Raises:
            StoreUnreachable: the reader was closed.
        """
        if self._is_closed:
            raise StoreUnreachable("the store is closed")
        loop = asyncio.get_running_loop()
        waiter: asyncio.Future[_T] = loop.create_future()
        if not self._waiting:
            loop.call_soon(self._hand_over, loop)
        self._waiting.append(_Asked(read, waiter))
        return await waiter

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        """Read what was asked for, and end the thread and the connection."""
        self._is_closed = True
        self._hand_over(loop)
        self._thread.shutdown()
        self.rows.database.close()

    def _hand_over(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._waiting:
            asked, self._waiting = self._waiting, []
            loop.run_in_executor(self._thread, self._answer, loop, asked).add_done_callback(
                lambda answered: _settle(answered.result())
            )

    def _answer(self, loop: asyncio.AbstractEventLoop, asked: list[_Asked]) -> list[_Answered]:
        """Answer all; what was found before a long read is settled after it, without the rest."""
        answered: list[_Answered] = []
        began = monotonic()
        for each in asked:
            if answered and monotonic() - began > _HELD_SECONDS:
                loop.call_soon_threadsafe(_settle, answered)
                answered, began = [], monotonic()
            if not each.waiter.cancelled():
                answered.append(self._answered(each))
        return answered

    def _answered(self, asked: _Asked) -> _Answered:
        try:
            return _Answered(asked.waiter, asked.read(self.rows), None)
        except BaseException as error:  # noqa: BLE001 - the thread's edge: its caller raises it
            return _Answered(asked.waiter, None, error)


class LateReader:
    """A reader whose connection is opened once it is asked for the first time; for reads that take long.

    A plan or a check of gigabytes takes seconds, for which whoever looks at a list must not wait.
    """

    def __init__(self, open_rows: Callable[[], Rows]) -> None:
        self._open_rows = open_rows
        self._reader: Reader | None = None
        self._opening = asyncio.Lock()  # guards `_reader`: one connection is opened
        self._is_closed = False

    async def read(self, read: Callable[[Rows], _T]) -> _T:
        """See `Reader.read`."""
        return await (await self._opened()).read(read)

    def close(self, loop: asyncio.AbstractEventLoop) -> None:
        self._is_closed = True
        if self._reader is not None:
            self._reader.close(loop)

    async def _opened(self) -> Reader:
        async with self._opening:
            if self._reader is None:
                rows = await open_in_thread(self._open_rows, lambda rows: rows.database.close())
                if self._is_closed:  # meanwhile
                    rows.database.close()
                    raise StoreUnreachable("the store is closed")
                self._reader = Reader(rows)
        return self._reader


def _settle(answered: list[_Answered]) -> None:
    for waiter, found, error in answered:
        if waiter.done():
            continue
        if error is None:
            waiter.set_result(found)
        else:
            waiter.set_exception(error)
