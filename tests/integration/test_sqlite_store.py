"""What only the store in a file does: other connections, group commit, closing."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager, closing
from functools import partial
from pathlib import Path

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Entry, Event, Queued, Replied
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.message import assistant
from parallel_agents.core.model import Finish
from parallel_agents.core.owner import Owner
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, SessionPlan
from parallel_agents.core.usage import Usage
from parallel_agents.errors import Conflict, OwnershipLost, StoreUnreachable
from parallel_agents.stores.group_commit import GroupCommitStore
from parallel_agents.stores.journal import Journal
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_connection import connect, migrate
from parallel_agents.stores.sqlite_database import SqliteDatabase

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
ME = OwnerId("me")


@asynccontextmanager
async def open_store(path: Path) -> AsyncGenerator[SqliteStore]:
    store = await SqliteStore.open(path)
    try:
        await store.heartbeat(Owner(id=ME, host="here", pid=1))
        yield store
    finally:
        await store.aclose()


def plan(name: str, *, digest: str = "work") -> SessionPlan:
    key = SessionKey(f"agent:writer:subagent:{name}")
    return SessionPlan(
        session=Session(key=key, agent=AGENT, label=name, spawn_key=name, root=key),
        run=RunId(f"run-{name}"),
        kind=RunnerKind.AGENT,
        queued=Queued(text="do it"),
        digest=digest,
        owner=ME,
    )


def replied(turn: int) -> Entry:
    body = Replied(
        turn=turn,
        message=assistant("words"),
        model="m",
        finish=Finish.STOP,
        usage=Usage(),
        cost_nanousd=0,
        seconds=0,
    )
    return Entry(f"turn-{turn}/model", body)


class Recorder:
    """Records the events that a store announces, and waits for a number of them."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._news = asyncio.Event()

    def record(self, events: Sequence[Event]) -> None:
        self.events.extend(events)
        self._news.set()

    async def wait_for(self, count: int) -> None:
        async with asyncio.timeout(5):
            while len(self.events) < count:
                self._news.clear()
                await self._news.wait()


async def test_what_was_written_is_read_when_the_store_is_opened_again(tmp_path: Path) -> None:
    kept: list[Event] = []

    async def write(store: SqliteStore) -> None:
        await store.spawn([plan("a")])
        await store.claim(RunId("run-a"), ME)
        await store.append(RunId("run-a"), 1, [replied(1)])
        kept.extend(await store.events())

    async def read(store: SqliteStore) -> None:
        assert await store.events() == kept
        (row,) = await store.rows(Filter())
        assert row.session.agent == AGENT
        assert row.run.spend.calls == 1

    async with open_store(tmp_path / "folder" / "store.db") as store:
        await write(store)
    async with open_store(tmp_path / "folder" / "store.db") as store:
        await read(store)


async def test_the_store_is_for_its_user_alone(tmp_path: Path) -> None:
    async with open_store(tmp_path / "home" / "store.db") as store:
        await store.spawn([plan("a")])

    assert (tmp_path / "home").stat().st_mode & 0o077 == 0


async def test_a_subscriber_learns_of_another_connection_s_events_soon_and_in_order(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path / "store.db") as store:
        other = await SqliteStore.open(tmp_path / "store.db")
        recorder = Recorder()
        store.subscribe(recorder.record)
        try:
            began = asyncio.get_running_loop().time()
            await other.spawn([plan("a")])
            await recorder.wait_for(1)
            assert asyncio.get_running_loop().time() - began < 1

            for number in range(20):
                await (other, store)[number % 2].spawn([plan(f"b{number}")])
            await recorder.wait_for(21)

            assert recorder.events == await store.events()
        finally:
            await other.aclose()


async def test_many_changes_at_once_are_all_answered_each_with_its_own_answer(
    tmp_path: Path,
) -> None:
    async with open_store(tmp_path / "store.db") as store:
        await store.spawn([plan("taken")])
        asked = [store.spawn([plan(str(n))]) for n in range(500)]
        refused = [store.spawn([plan("taken", digest="other")]) for _ in range(20)]
        lost = [store.append(RunId("run-taken"), 9, [replied(n)]) for n in range(20)]

        answers = await asyncio.gather(*asked, *refused, *lost, return_exceptions=True)

        assert [type(a) for a in answers] == [list] * 500 + [Conflict] * 20 + [OwnershipLost] * 20
        assert len(await store.events()) == 501


async def test_a_change_with_a_bug_fails_alone_and_leaves_nothing_behind(tmp_path: Path) -> None:
    def broken(journal: Journal) -> None:
        journal.sessions.spawn([plan("half")])
        raise ZeroDivisionError

    store = await SqliteStore.open(tmp_path / "store.db")
    good = [store.spawn([plan(str(n))]) for n in range(5)]
    answers = await asyncio.gather(
        *good[:3], store.change(broken), *good[3:], return_exceptions=True
    )
    assert [type(a) for a in answers] == [list] * 3 + [ZeroDivisionError] + [list] * 2
    assert {row.session.label for row in await store.rows(Filter())} == set("01234")
    await store.aclose()


async def test_closing_writes_what_waits_and_then_refuses_everything(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    waiting = [asyncio.create_task(store.spawn([plan(str(n))])) for n in range(50)]
    await asyncio.sleep(0)
    await store.aclose()
    await store.aclose()
    outcomes = await asyncio.gather(*waiting)

    assert all(spawned[0].is_new for spawned in outcomes)
    with pytest.raises(StoreUnreachable, match="is closed") as refused:
        await store.spawn([plan("late")])
    assert "inside the `async with`" in refused.value.hint
    with pytest.raises(StoreUnreachable, match="is closed"):
        await store.rows(Filter())
    store.append_soon(RunId("run-0"), 1, replied(1))

    async with open_store(tmp_path / "store.db") as store:
        await check_count(store, 50)


async def check_count(store: SqliteStore, count: int) -> None:
    assert len(await store.rows(Filter())) == count


@pytest.mark.parametrize(("is_full_sync", "level"), [(False, 1), (True, 2)])
def test_the_store_waits_for_the_disk_if_it_is_asked_to(
    tmp_path: Path, is_full_sync: bool, level: int
) -> None:
    connection = connect(tmp_path / "store.db", is_full_sync=is_full_sync)

    assert connection.execute("PRAGMA synchronous").fetchone() == (level,)
    assert connection.execute("PRAGMA journal_mode").fetchone() == ("wal",)
    connection.close()


async def test_the_log_is_moved_into_the_file_while_commits_go_on(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db") as store:
        (spawned,) = await store.spawn([plan("a")])
        claim = await store.claim(spawned.run.id, ME)
        assert claim is not None
        for turn in range(1, 4000):
            await store.append(spawned.run.id, claim.run.epoch, [replied(turn)])
        # All that was written would be 70 MB, and the file without a checkpoint has a single page.
        assert (tmp_path / "store.db-wal").stat().st_size < 40_000_000
        assert (tmp_path / "store.db").stat().st_size > 500_000


async def test_another_program_can_read_the_store_while_it_is_in_use(tmp_path: Path) -> None:
    async with open_store(tmp_path / "store.db") as store:
        await store.spawn([plan("a")])
        with sqlite3.connect(f"file:{tmp_path}/store.db?mode=ro", uri=True) as theirs:
            assert theirs.execute("SELECT label FROM sessions").fetchall() == [("a",)]
        theirs.close()
        await store.spawn([plan("b")])


class NewsOnceBroken(SqliteDatabase):
    """A database whose news cannot be read the first time; `asked` is set once they were again."""

    def __init__(self, path: Path) -> None:
        super().__init__(path, connect(path))
        self.asked = threading.Event()
        self._is_broken = True

    @override
    def has_news(self) -> bool:
        if self._is_broken:
            self._is_broken = False
            raise ValueError("an event that cannot be read")
        self.asked.set()
        return super().has_news()


async def test_a_fault_while_looking_for_news_does_not_end_the_writer(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    with closing(connect(path)) as made:
        migrate(made)
    database = NewsOnceBroken(path)
    open_another = partial(SqliteDatabase.open_for_reading, path)
    store = GroupCommitStore("a store", database, open_another(), open_another)

    looked_again = await asyncio.to_thread(database.asked.wait, 30)
    async with asyncio.timeout(30):
        (spawned,) = await store.spawn([plan("a")])
        await store.aclose()

    assert looked_again
    assert spawned.is_new


async def test_a_long_read_holds_up_no_other(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    is_answered = threading.Event()

    long = asyncio.ensure_future(store.read_long(lambda _: is_answered.wait(30)))
    await store.last_seq()
    is_answered.set()

    assert await long
    await store.aclose()
