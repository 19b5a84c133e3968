"""An engine that ends while the store cannot be written, in a program that lives on."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from contextlib import closing
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parallel_agents.clock import awake
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.errors import StoreError
from parallel_agents.stores.sqlite import SqliteStore

if TYPE_CHECKING:
    from pathlib import Path

LIVE = Owner(id=OwnerId("me"), host="here", pid=1)
GONE = replace(LIVE, state=OwnerState.GONE)
PATIENCE_SECONDS = 20.0


def state_of(path: Path) -> str:
    with closing(sqlite3.connect(path)) as look:
        return look.execute("SELECT state FROM owners").fetchone()[0]


def state_in_the_end(path: Path) -> str:
    """The owner's state once it is `gone`, or when patience ends."""
    ends_at = awake() + PATIENCE_SECONDS
    while (state := state_of(path)) != OwnerState.GONE and awake() < ends_at:
        time.sleep(0.02)
    return state


async def test_a_store_that_was_locked_as_an_engine_ended_learns_of_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    await store.heartbeat(LIVE)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await store.heartbeat(GONE)
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await store.aclose()
        during = state_of(path)
        other.execute("ROLLBACK")
    after = state_in_the_end(path)

    assert during == OwnerState.LIVE
    assert after == OwnerState.GONE


async def test_a_store_that_failed_as_an_engine_ended_learns_of_it(tmp_path: Path) -> None:
    path = tmp_path / "store.db"
    store = await SqliteStore.open(path)
    await store.heartbeat(LIVE)

    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("ALTER TABLE owners RENAME TO elsewhere")
        with pytest.raises(StoreError):
            await store.heartbeat(GONE)
        began = awake()
        await store.aclose()
        seconds = awake() - began
        other.execute("ALTER TABLE elsewhere RENAME TO owners")
    after = state_in_the_end(path)

    assert seconds < 5
    assert after == OwnerState.GONE
