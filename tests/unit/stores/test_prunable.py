"""Prunable: what a store holds, measured or estimated, and what of it is old enough to go."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.store_care import Retention
from parallel_agents.core.task import Task
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.prunable import read_sizes, size_of
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


async def test_the_bytes_of_many_events_are_estimated_and_the_store_says_so() -> None:
    store = MemoryStore()
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER], store=store) as rig:
        for text in ("one", "two", "three"):
            await (await rig.sessions.spawn(Task("writer", text))).wait()
        measured = await store.sizes()
        estimated = await store.read(lambda rows: read_sizes(rows.database, most_measured=1))
    await store.aclose()

    assert not measured.is_estimated
    assert estimated.is_estimated
    assert estimated.events.number == measured.events.number
    assert estimated.events.bytes == pytest.approx(measured.events.bytes, rel=0.01)


async def test_a_plan_reads_only_trees_of_which_something_is_old_enough() -> None:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        old, new = [await rig.sessions.spawn(Task("writer", text)) for text in ("a", "b")]
        await old.wait()
        await new.wait()

        young = await rig.store.plan_pruning(Retention(older_than=86_400.0))
        all_of_it = await rig.store.plan_pruning(Retention(older_than=0))

    assert young.trees == []
    assert {tree.key for tree in all_of_it.trees} == {old.key, new.key}


@pytest.mark.parametrize("keep_last", [0, 1, 3, 4])
async def test_the_size_of_a_plan_is_that_of_its_trees(keep_last: int) -> None:
    store = MemoryStore()
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER], store=store) as rig:
        for number in range(4):
            await (await rig.sessions.spawn(Task("writer", "x" * 1000 * (number + 1)))).wait()
        plan = await store.plan_pruning(Retention(older_than=0, keep_last=keep_last))
        roots = [tree.key for tree in plan.trees]
        size = await store.read(lambda rows: size_of(rows.database, roots))
    await store.aclose()

    assert len(roots) == 4 - keep_last
    assert plan.size == size


async def test_what_ended_last_stays_whatever_of_it_is_old_enough() -> None:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        keys: list[SessionKey] = []
        for number in range(4):
            handle = await rig.sessions.spawn(Task("writer", str(number)))
            await handle.wait()
            keys.append(handle.key)
            await asyncio.sleep(10)

        plans = [
            await rig.store.plan_pruning(Retention(older_than=old, keep_last=last))
            for old, last in ((0, 1), (15, 1), (25, 3), (0, 4), (0, 9))
        ]

    found = [[tree.key for tree in plan.trees] for plan in plans]
    assert found == [keys[:3], keys[:3], keys[:1], [], []]
