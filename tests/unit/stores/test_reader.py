"""The reader: what is asked for at once is answered together, each with its own answer or error."""

from __future__ import annotations

import asyncio
import threading

import pytest

from parallel_agents.errors import StoreUnreachable
from parallel_agents.stores.reader import LateReader, Reader
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.sqlite_database import SqliteDatabase


def reader_of() -> Reader:
    return Reader(Rows(SqliteDatabase.in_memory()))


async def test_reads_that_are_asked_for_at_once_cross_to_the_thread_together() -> None:
    reader, began = reader_of(), list[int]()

    def number(of: int) -> int:
        began.append(threading.get_ident())
        return of

    found = await asyncio.gather(*(reader.read(lambda _, of=of: number(of)) for of in range(5)))
    reader.close(asyncio.get_running_loop())

    assert found == list(range(5))
    assert len(set(began)) == 1
    assert began[0] != threading.get_ident()


async def test_a_read_that_fails_fails_alone() -> None:
    reader = reader_of()

    def fail(rows: Rows) -> int:
        raise ValueError("no")

    found = await asyncio.gather(
        reader.read(lambda _: 1),
        reader.read(fail),
        reader.read(lambda _: 2),
        return_exceptions=True,
    )
    reader.close(asyncio.get_running_loop())

    assert found[0] == 1
    assert isinstance(found[1], ValueError)
    assert found[2] == 2


async def test_a_read_that_is_no_longer_wanted_is_not_made() -> None:
    reader, made = reader_of(), list[int]()
    unwanted = asyncio.ensure_future(reader.read(lambda _: made.append(1)))
    wanted = asyncio.ensure_future(reader.read(lambda _: made.append(2)))
    await asyncio.sleep(0)

    unwanted.cancel()
    await wanted
    reader.close(asyncio.get_running_loop())

    assert unwanted.cancelled()
    assert made == [2]


async def test_a_long_read_keeps_no_answer_back_that_was_found_before_it() -> None:
    reader, told = reader_of(), threading.Event()
    first = asyncio.ensure_future(reader.read(lambda _: threading.Event().wait(0.003)))
    first.add_done_callback(lambda _: told.set())
    await asyncio.sleep(0)

    is_told = await reader.read(lambda _: told.wait(10.0))
    reader.close(asyncio.get_running_loop())

    assert is_told


async def test_what_was_asked_for_is_answered_before_the_end() -> None:
    reader = reader_of()
    asked = asyncio.ensure_future(reader.read(lambda _: 7))
    await asyncio.sleep(0)

    reader.close(asyncio.get_running_loop())

    with pytest.raises(StoreUnreachable):
        await reader.read(lambda _: 8)
    assert await asked == 7


async def test_a_late_reader_opens_one_connection_and_only_if_it_is_asked() -> None:
    made = [Rows(SqliteDatabase.in_memory()) for _ in range(2)]
    left = [*made]

    unasked, asked = LateReader(left.pop), LateReader(left.pop)
    found = await asyncio.gather(*(asked.read(lambda rows: rows) for _ in range(3)))
    for reader in (unasked, asked):
        reader.close(asyncio.get_running_loop())

    assert found == [made[1]] * 3
    assert left == [made[0]]


async def test_a_late_reader_that_is_closed_while_it_opens_reads_nothing() -> None:
    is_closed, rows = threading.Event(), Rows(SqliteDatabase.in_memory())

    def open_rows() -> Rows:
        is_closed.wait(10.0)
        return rows

    reader = LateReader(open_rows)
    asked = asyncio.ensure_future(reader.read(lambda _: 1))
    await asyncio.sleep(0)
    reader.close(asyncio.get_running_loop())
    is_closed.set()

    with pytest.raises(StoreUnreachable):
        await asked
