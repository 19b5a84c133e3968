"""Root count: the same number, however it was counted."""

from __future__ import annotations

import asyncio
from contextlib import aclosing

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.store_care import Retention
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.stores.root_count import RootCount
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


class CountsAnew(MemoryStore):
    """A store that counts all roots anew after more than some new events."""

    def __init__(self, most_new: int) -> None:
        super().__init__(asyncio.get_running_loop().time)
        self._journal.rows.root_count = RootCount(most_new)


@pytest.mark.parametrize("most_new", [0, 5000])
async def test_new_roots_are_counted_and_pruned_ones_are_not(most_new: int) -> None:
    chosen, model = Filter(roots_only=True), RepliesWith(lambda _: "done")
    async with (
        aclosing(CountsAnew(most_new)) as store,
        open_rig(model, agents=[WRITER], store=store) as rig,
    ):
        counts = [await rig.store.count_rows(chosen)]
        for number in range(3):
            await (await rig.sessions.spawn(Task("writer", str(number)))).wait()
            counts.append(await rig.store.count_rows(chosen))
        team = TeamTask(tasks=(Task("writer", "a"), Task("writer", "b")), name="x")
        await rig.sessions.team_result(await rig.sessions.spawn_team(team))
        counts.append(await rig.store.count_rows(chosen))
        await asyncio.sleep(100)
        plan = await rig.store.plan_pruning(Retention(older_than=60.0))
        await rig.store.prune_step([plan.trees[0].key], by="me", why="old")
        counts.append(await rig.store.count_rows(chosen))

    assert counts == [0, 1, 2, 3, 4, 3]


async def test_a_text_is_found_wherever_it_is_and_the_newest_come_first() -> None:
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        for number in range(6):
            label = "tea" if number % 2 else "x"
            task = Task("writer", f"Tea {number}", label=label, key=f"monday-{number}")
            await (await rig.sessions.spawn(task)).wait()
            await asyncio.sleep(1)
        found = {
            (texts, limit): [row.run.title for row in await rig.store.rows(chosen)]
            for texts in (("tea",), ("tea 4", "x"), ("X\nTea",), ("none",), ("Day-3",))
            for limit in (2, 50, None)
            for chosen in (Filter(texts=texts, limit=limit),)
        }
        counted = await rig.store.count_rows(Filter(texts=("tea",)))

    newest = [f"Tea {number}" for number in range(5, -1, -1)]
    assert counted == 6
    assert found[("tea",), 2] == newest[:2]
    assert found[("tea",), 50] == found[("tea",), None] == newest
    assert found[("tea 4", "x"), 50] == ["Tea 4"]
    assert found[("X\nTea",), 2] == ["Tea 4", "Tea 2"]
    assert found[("none",), 50] == []
    assert found[("Day-3",), 2] == found[("Day-3",), None] == ["Tea 3"]
