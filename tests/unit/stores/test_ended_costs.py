"""Ended costs: what is kept of them and what is read anew is together what all of them are."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import aclosing

from parallel_agents.core.agent import Agent
from parallel_agents.core.overview import Cost
from parallel_agents.core.store_care import Retention
from parallel_agents.core.task import Task
from parallel_agents.core.usage import Spend
from parallel_agents.stores.ended_costs import EndedCosts
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
LATER = 500.0


class KeepsFew(MemoryStore):
    """A store that reads two fresh runs with each question, and keeps what all others cost."""

    def __init__(self) -> None:
        super().__init__(asyncio.get_running_loop().time)
        self._journal.rows.ended_costs = EndedCosts(most_fresh=2)


def came_to(costs: Sequence[Cost]) -> tuple[int, int, Spend]:
    whole = sum((cost.spend for cost in costs), Spend())
    return sum(cost.ended for cost in costs), sum(cost.accepted for cost in costs), whole


async def work(rig: Rig, count: int) -> None:
    for number in range(count):
        await (await rig.sessions.spawn(Task("writer", str(number)))).wait()


async def test_all_costs_are_those_since_the_beginning() -> None:
    model = RepliesWith(lambda _: "done")
    async with aclosing(KeepsFew()) as store, open_rig(model, agents=[WRITER], store=store) as rig:
        for count in (0, 2, 1, 1, 5, 1):
            await work(rig, count)
            assert came_to(await rig.store.costs()) == came_to(await rig.store.costs(since=0.0))
            await asyncio.sleep(LATER)
        assert came_to(await rig.store.costs())[0] == 10


async def test_what_was_pruned_is_in_no_costs_that_are_kept() -> None:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        await work(rig, 2)
        await asyncio.sleep(2 * LATER)
        await work(rig, 1)
        before = came_to(await rig.store.costs())[0]
        plan = await rig.store.plan_pruning(Retention(older_than=60.0))
        await rig.store.prune_step([plan.trees[0].key], by="me", why="old")
        after = came_to(await rig.store.costs())

    assert (before, after[0]) == (3, 2)
