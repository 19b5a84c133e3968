"""Leaving engine: what is submitted to it is taken once, by the tree that it belongs to."""

from __future__ import annotations

from parallel_agents.core.agent import Agent
from parallel_agents.core.filter import Filter
from parallel_agents.core.task import Task
from parallel_agents.engines.leaving import LeavingEngine
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", instructions="Write.")


async def test_one_run_of_each_tree_is_taken_and_none_twice() -> None:
    engine = LeavingEngine()
    async with open_rig(RepliesWith(lambda _: "done"), agents=[WRITER]) as rig:
        for text in ("a", "b"):
            await rig.sessions.spawn(Task("writer", text))
        rows = await rig.store.rows(Filter())

    for row in (*rows, *rows):
        engine.submit(row)

    assert [row.run.id for row in engine.take()] == [row.run.id for row in rows]
    assert engine.take() == []
