"""Stores of each kind, for what all of them promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.store import Owner, Store
from parallel_agents.stores.group_commit import GroupCommitStore
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_database import SqliteDatabase
from tests.integration.counted_database import CountedDatabase

Body = Callable[[Store], Coroutine[Any, Any, None]]


async def open_store(kind: str, path: Path) -> Store:
    """A store in memory, in a file, or on a database that is none of ours."""
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return await SqliteStore.open(path)
    writing = CountedDatabase(SqliteDatabase.open_for_writing(path))
    reading = CountedDatabase(SqliteDatabase.open_for_reading(path))
    return GroupCommitStore("a counted store", writing, reading)


@pytest.fixture(params=["memory", "sqlite", "counted"])
def run_in(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Body], None]:
    """Run a test's body on a store of each kind, with two owners that live."""

    async def on_store(body: Body) -> None:
        store = await open_store(request.param, tmp_path / "store.db")
        try:
            for owner in ("me", "other"):
                await store.heartbeat(Owner(id=OwnerId(owner), host="here", pid=1))
            await body(store)
        finally:
            await store.aclose()

    return lambda body: asyncio.run(on_store(body))
