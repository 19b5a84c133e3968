"""A pool's sessions take tasks in turn, remember them, and are made when they are needed."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Result
from parallel_agents.core.session import Mode
from parallel_agents.errors import InvalidInput
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes.", instructions="Write.")


def count_messages(request: ModelRequest) -> Answer:
    return f"{len(request.messages)} messages"


async def use_pool(rig: Rig, size: int, tasks: int) -> list[Result]:
    pool = rig.sessions.pool("writer", name="writers", size=size)
    return await asyncio.gather(*(pool.run(f"task {n}") for n in range(tasks)))


async def test_a_pool_takes_tasks_in_turn_and_its_sessions_remember() -> None:
    model = RepliesWith(count_messages, latency_seconds=10)
    async with open_rig(model, agents=[WRITER]) as rig:
        results = await use_pool(rig, size=2, tasks=5)
        rows = await rig.sessions.list()
        assert {row.session.options.mode for row in rows} == {Mode.SESSION}
        sessions = len(rows)
        at = asyncio.get_running_loop().time()

    assert [result.output for result in results] == [
        "1 messages",
        "1 messages",
        "3 messages",
        "3 messages",
        "5 messages",
    ]
    assert sessions == 2
    assert at == 30


@pytest.mark.parametrize("tasks", [0, 1, 2, 5])
async def test_a_pool_makes_a_session_only_for_a_task(tasks: int) -> None:
    async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
        await use_pool(rig, size=3, tasks=tasks)
        labels = sorted(row.session.label for row in await rig.sessions.list())

    assert labels == [f"writers-{n}" for n in range(1, min(tasks, 3) + 1)]


async def test_a_pool_of_the_same_name_continues_with_its_sessions() -> None:
    model = RepliesWith(count_messages)
    async with open_rig(model, agents=[WRITER]) as rig:
        await use_pool(rig, size=1, tasks=1)
        (again,) = await use_pool(rig, size=1, tasks=1)
        output = str(again.output)
        count = len(await rig.sessions.list())

    assert output == "3 messages"
    assert count == 1


async def test_an_empty_pool_is_refused() -> None:

    with pytest.raises(InvalidInput, match="a pool cannot have 0 sessions"):
        async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
            rig.sessions.pool("writer", name="none", size=0)
