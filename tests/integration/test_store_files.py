"""The file under a store: foreign, deleted, replaced, older, newer, read-only, or not there."""

from __future__ import annotations

import asyncio
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import parallel_agents as pa
from parallel_agents.errors import StoreReplaced, StoreUnreachable
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.testing import RepliesWith

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")


def tree_of(folder: Path) -> dict[str, bytes]:
    """Each file in a folder, with what is in it."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}


def vanish(store: Path) -> None:
    for path in store.parent.glob("store.db*"):
        path.unlink()


def replace(store: Path) -> None:
    shutil.copy(store, store.with_name("copy"))
    store.with_name("copy").replace(store)


def move_home(store: Path) -> None:
    store.parent.rename(store.parent.with_name("moved"))


@pytest.mark.parametrize("change", [vanish, replace, move_home])
def test_a_store_that_is_deleted_or_replaced_is_noticed_before_the_next_call(
    tmp_path: Path, change: Callable[[Path], None]
) -> None:
    calls: list[str] = []
    home = tmp_path / "home"

    def answer(_: object) -> str:
        calls.append("paid")
        if len(calls) == 1:
            change(home / "store.db")
        return "Done."

    model = RepliesWith(answer)

    with pytest.raises(StoreReplaced) as raised:
        pa.run(
            [pa.Task(WRITER, f"tea {n}", key=str(n)) for n in range(30)],
            max_parallel=1,
            model="scripted/m",
            models={"scripted": lambda _: model},
            home=home,
        )

    assert raised.value.code == "PA-E409"
    assert len(calls) == 1
    assert "while this process was using it" in raised.value.message
    assert not (home / "store.db").exists() or change is replace


async def test_waiters_hear_of_a_store_that_is_gone_although_nobody_writes(tmp_path: Path) -> None:
    told = asyncio.get_running_loop().create_future()
    store = await SqliteStore.open(tmp_path / "store.db")
    store.on_failure(told.set_result)
    try:
        vanish(tmp_path / "store.db")

        async with asyncio.timeout(30):
            assert isinstance(await told, StoreReplaced)
    finally:
        await store.aclose()


def make_foreign(path: Path, *, is_wal: bool = False, application: int = 0) -> None:
    with closing(sqlite3.connect(path)) as sql:
        if is_wal:
            sql.execute("PRAGMA journal_mode = WAL")
        sql.execute(f"PRAGMA application_id = {application}")
        sql.execute("CREATE TABLE places (url TEXT)")
        sql.commit()


@pytest.mark.parametrize("is_wal", [False, True])
@pytest.mark.parametrize("application", [0, 252006674])
async def test_nothing_is_written_into_another_programs_database(
    tmp_path: Path, is_wal: bool, application: int
) -> None:
    make_foreign(tmp_path / "store.db", is_wal=is_wal, application=application)
    before = tree_of(tmp_path)

    with pytest.raises(StoreUnreachable, match="is not a store of pagents") as refused:
        await SqliteStore.open(tmp_path / "store.db")

    assert "nothing was written" in refused.value.why
    assert tree_of(tmp_path) == before


@pytest.mark.parametrize("content", [b"x", b"hello", b"\0" * 512, b"SQLite format 3"])
async def test_a_file_that_is_no_database_is_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "store.db").write_bytes(content)

    with pytest.raises(StoreUnreachable):
        await SqliteStore.open(tmp_path / "store.db")

    assert tree_of(tmp_path) == {"store.db": content}


async def test_an_empty_file_becomes_a_store(tmp_path: Path) -> None:
    (tmp_path / "store.db").touch()

    store = await SqliteStore.open(tmp_path / "store.db")
    await store.aclose()

    with closing(sqlite3.connect(tmp_path / "store.db")) as sql:
        assert sql.execute("PRAGMA application_id").fetchone() == (0x50414753,)
