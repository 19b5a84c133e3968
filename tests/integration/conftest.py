"""Stores of each kind, for what all of them promise."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.owner import Owner
from parallel_agents.core.store import Store
from parallel_agents.stores.group_commit import GroupCommitStore
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.sqlite import SqliteStore
from parallel_agents.stores.sqlite_database import SqliteDatabase
from tests.integration.counted_database import CountedDatabase


async def make_store(kind: str, path: Path) -> Store:
    """A store in memory, in a file, or on a database that is none of ours."""
    if kind == "memory":
        return MemoryStore()
    if kind == "sqlite":
        return await SqliteStore.open(path)
    writing = CountedDatabase(SqliteDatabase.open_for_writing(path))

    def open_another() -> CountedDatabase:
        return CountedDatabase(SqliteDatabase.open_for_reading(path))

    return GroupCommitStore("a counted store", writing, open_another(), open_another)


@pytest.fixture(params=["memory", "sqlite", "counted"])
def open_store(
    request: pytest.FixtureRequest, tmp_path: Path
) -> Callable[[], AbstractAsyncContextManager[Store]]:
    """Open a store of each kind, with two live owners."""

    @asynccontextmanager
    async def on_store() -> AsyncGenerator[Store]:
        store = await make_store(request.param, tmp_path / "store.db")
        try:
            for owner in ("me", "other"):
                await store.heartbeat(Owner(id=OwnerId(owner), host="here", pid=1))
            yield store
        finally:
            await store.aclose()

    return on_store
