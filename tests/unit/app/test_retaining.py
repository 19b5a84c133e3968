"""What a retention does not keep leaves the store by itself, and nothing more than that."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from parallel_agents.app.retaining import Retaining
from parallel_agents.core.agent import Agent
from parallel_agents.core.store import Filter
from parallel_agents.core.store_care import YOUNG_SECONDS, Retention
from parallel_agents.core.task import Task
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


async def fill(rig: Rig, count: int) -> None:
    """Sessions that ended one after the other, more than an hour ago."""
    for number in range(count):
        handle = await rig.sessions.spawn(Task("writer", f"do {number}"))
        await handle.wait()
    await asyncio.sleep(YOUNG_SECONDS + 1)


async def sweep(retaining: Retaining, times: int = 10) -> None:
    for _ in range(times):
        await retaining.sweep()


async def sessions(rig: Rig) -> int:
    return len(await rig.store.rows(Filter()))


@pytest.mark.virtual_time(limit_seconds=10_000)
async def test_no_more_leaves_a_store_that_is_too_large_than_has_to(tmp_path: Path) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(lambda _: "x" * 100_000, latency_seconds=1)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        await fill(rig, 8)
        most = (await store.pages()).used - 50_000

        await sweep(Retaining(store, tmp_path, Retention(larger_than=most)))

        assert await sessions(rig) == 7
        assert (await store.pages()).used <= most


@pytest.mark.virtual_time(limit_seconds=10_000)
async def test_what_is_too_old_goes_although_there_is_room(tmp_path: Path) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    model = RepliesWith(lambda _: "x", latency_seconds=1)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        await fill(rig, 3)
        handle = await rig.sessions.spawn(Task("writer", "young"))
        await handle.wait()

        await sweep(Retaining(store, tmp_path, Retention(older_than=60, larger_than=10**9)))

        assert [row.session.key for row in await store.rows(Filter())] == [handle.key]
