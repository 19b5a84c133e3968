"""Stores of each kind, for what all of them promise."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

import pytest

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.store import Owner, Store
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.sqlite import SqliteStore

Body = Callable[[Store], Coroutine[Any, Any, None]]


@pytest.fixture(params=["memory", "sqlite"])
def run_in(request: pytest.FixtureRequest, tmp_path: Path) -> Callable[[Body], None]:
    """Run a test's body on a store of each kind, with two owners that live."""

    async def on_store(body: Body) -> None:
        is_memory = request.param == "memory"
        store = MemoryStore() if is_memory else await SqliteStore.open(tmp_path / "store.db")
        try:
            for owner in ("me", "other"):
                await store.heartbeat(Owner(id=OwnerId(owner), host="here", pid=1))
            await body(store)
        finally:
            await store.aclose()

    return lambda body: asyncio.run(on_store(body))
