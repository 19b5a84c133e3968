"""Values that agents of several processes share on one store, and that survive a kill -9."""

from __future__ import annotations

import asyncio
import signal
from pathlib import Path

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.shared_state import OUTSIDER, StateBounds
from parallel_agents.sessions.tree_state import StateNews, TreeState
from parallel_agents.stores.sqlite import SqliteStore
from tests.integration.other_processes import ended, running, until

PROGRAM = Path(__file__).with_name("sharing_program.py")
BOUNDS = StateBounds(keys=1000, bytes=1_000_000)
TREE = SessionKey("tree")


def state_of(store: SqliteStore, tree: SessionKey = TREE) -> TreeState:
    return TreeState(store, StateNews(store), tree, OUTSIDER, BOUNDS)


async def test_a_hundred_agents_of_two_processes_count_to_a_hundred(
    tmp_path: Path, programs: Path
) -> None:
    async with (
        running(programs / "python", PROGRAM, "count", tmp_path, "one", "50") as one,
        running(programs / "python", PROGRAM, "count", tmp_path, "two", "50") as two,
    ):
        ends = [await ended(one, seconds=120), await ended(two, seconds=120)]
    store = await SqliteStore.open(tmp_path / "store.db")
    (tree,) = {row.session.root for row in await store.rows(Filter())}
    counter = await state_of(store, tree).get("counter")
    await store.aclose()

    assert [end.code for end in ends] == [0, 0]
    assert {status for end in ends for _, status, _ in end.told} == {"done"}
    assert counter is not None
    assert (counter.value, counter.version) == (100, 100)


async def test_a_call_that_is_made_again_after_kill_9_writes_nothing_twice(
    tmp_path: Path, programs: Path
) -> None:
    async with running(programs / "python", PROGRAM, "die", tmp_path, tmp_path / "died") as first:
        killed = await ended(first)
    async with running(programs / "python", PROGRAM, "die", tmp_path, tmp_path / "died") as second:
        resumed = await ended(second)

    assert killed.code == -signal.SIGKILL
    assert resumed.code == 0, resumed.log
    assert resumed.told == [("writer", "done", '[["first","second"],2]')]


async def test_who_waits_hears_of_other_processes(tmp_path: Path) -> None:
    """Each store object has connections of its own, as another process has."""
    waiting = await SqliteStore.open(tmp_path / "store.db")
    writing = await SqliteStore.open(tmp_path / "store.db")
    news = StateNews(waiting)
    state = TreeState(waiting, news, TREE, OUTSIDER, BOUNDS)
    try:
        wait = asyncio.ensure_future(state.wait_for("go", timeout=20))
        await until(lambda: news.is_listening)
        began = asyncio.get_running_loop().time()
        await state_of(writing).set("go", "now")
        entry = await wait
        seconds = asyncio.get_running_loop().time() - began
    finally:
        await waiting.aclose()
        await writing.aclose()

    assert entry.value == "now"
    assert seconds < 0.8


async def test_a_thousand_who_wait_take_no_thread_and_no_connection(tmp_path: Path) -> None:
    store = await SqliteStore.open(tmp_path / "store.db")
    news = StateNews(store)
    state = TreeState(store, news, TREE, OUTSIDER, BOUNDS)
    try:
        waits = [asyncio.ensure_future(state.wait_for("go", timeout=60)) for _ in range(1000)]
        await asyncio.sleep(0)
        await state.set("go", 1)
        entries = await asyncio.gather(*waits)
    finally:
        await store.aclose()

    assert {entry.version for entry in entries} == {1}
