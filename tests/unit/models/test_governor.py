"""Runs under limits: each says what it waits for, teams take turns, and rigs on one store share."""

from __future__ import annotations

import asyncio
from collections import Counter
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Noticed, Waiting
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.store import Store
from parallel_agents.core.task import Task
from parallel_agents.errors import Overloaded, RateLimited
from parallel_agents.settings import Settings
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, open_rig
from parallel_agents.views.activity import doing_after

AGENT = Agent(name="writer", description="Writes", instructions="Write.")
NAME = "scripted/model"
SETTINGS = replace(Settings(), max_parallel=500, patience_seconds=3000.0)


async def limit(store: Store, requests: int) -> None:
    set_to = RateLimit(requests_per_minute=requests)
    await store.change_throttle(NAME, lambda found: (found.reset(set_to), None))


async def run_agents(store: Store, model: RepliesWith, count: int) -> list[str]:
    async with open_rig(model, agents=[AGENT], settings=SETTINGS, store=store) as rig:
        handles = [await rig.sessions.spawn(Task("writer", f"task {i}")) for i in range(count)]
        return [(await handle.wait()).status for handle in handles]


async def test_a_run_says_what_it_waits_for() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    await limit(store, 1)
    assert await run_agents(store, RepliesWith(lambda _: "done", NAME), 2) == ["done"] * 2
    events = await store.events()

    waits = [event for event in events if isinstance(event.body, Waiting)]

    assert [wait.body for wait in waits] == [
        Waiting(turn=1, reason=f"the request limit of {NAME}", seconds=61.0)
    ]
    assert waits[0].key == "turn-1/epoch-1/waiting-1"
    assert doing_after(waits[0].body) == f"waits for the request limit of {NAME}, 61 s"


async def test_two_rigs_on_one_store_share_a_limit() -> None:
    clock = asyncio.get_running_loop().time
    store, times = MemoryStore(clock), list[float]()
    await limit(store, 5)

    def answer(_: ModelRequest) -> str:
        times.append(clock())
        return "done"

    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(run_agents(store, RepliesWith(answer, NAME), 10))

    assert len(times) == 20
    assert max(sum(at <= t < at + 60 for t in times) for at in times) == 5


@pytest.mark.slow
async def test_200_agents_in_a_storm_of_429s_all_end_done_with_few_refusals() -> None:
    clock = asyncio.get_running_loop().time
    calls, counts = list[float](), Counter[str]()

    def answer(_: ModelRequest) -> str:
        if sum(at > clock() - 10 for at in calls) >= 20:
            counts["refused"] += 1
            raise RateLimited("slow down", retry_after_seconds=10.0)
        calls.append(clock())
        return "done"

    store = MemoryStore(clock)
    counts.update(await run_agents(store, RepliesWith(answer, NAME, latency_seconds=1.0), 200))

    assert counts["done"] == 200
    # 180 of them before any is heard, which nothing could have held back.
    assert counts["refused"] < 400


async def test_a_run_notes_that_a_model_is_left_alone_and_that_it_answers_again() -> None:
    clock = asyncio.get_running_loop().time

    def answer(_: ModelRequest) -> str:
        if clock() < 8:
            raise Overloaded("down")
        return "done"

    store = MemoryStore(clock)
    assert await run_agents(store, RepliesWith(answer, NAME), 3) == ["done"] * 3
    opened, closed = [e.body.text for e in await store.events() if isinstance(e.body, Noticed)]

    assert opened == f"{NAME} keeps failing and is paused for 15 s: down"
    assert closed == f"{NAME} answers again"
