"""A pool's sessions take tasks in turn, remember them, and are made when they are needed."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Result
from parallel_agents.core.session import Mode
from parallel_agents.errors import InvalidInput
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig, run_virtual

WRITER = Agent(name="writer", description="Writes.", instructions="Write.")


def count_messages(request: ModelRequest) -> Answer:
    return f"{len(request.messages)} messages"


async def use_pool(rig: Rig, size: int, tasks: int) -> list[Result]:
    pool = rig.sessions.pool("writer", name="writers", size=size)
    return await asyncio.gather(*(pool.run(f"task {n}") for n in range(tasks)))


def test_a_pool_takes_tasks_in_turn_and_its_sessions_remember() -> None:
    async def body() -> tuple[list[Result], int, float]:
        model = RepliesWith(count_messages, latency_seconds=10)
        async with open_rig(model, agents=[WRITER]) as rig:
            results = await use_pool(rig, size=2, tasks=5)
            rows = await rig.sessions.list()
            assert {row.session.options.mode for row in rows} == {Mode.SESSION}
            return results, len(rows), asyncio.get_running_loop().time()

    results, sessions, at = run_virtual(body())

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
def test_a_pool_makes_a_session_only_for_a_task(tasks: int) -> None:
    async def body() -> list[str]:
        async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
            await use_pool(rig, size=3, tasks=tasks)
            return sorted(row.session.label for row in await rig.sessions.list())

    assert run_virtual(body()) == [f"writers-{n}" for n in range(1, min(tasks, 3) + 1)]


def test_a_pool_of_the_same_name_continues_with_its_sessions() -> None:
    async def body() -> tuple[str, int]:
        model = RepliesWith(count_messages)
        async with open_rig(model, agents=[WRITER]) as rig:
            await use_pool(rig, size=1, tasks=1)
            (again,) = await use_pool(rig, size=1, tasks=1)
            return str(again.output), len(await rig.sessions.list())

    assert run_virtual(body()) == ("3 messages", 1)


def test_an_empty_pool_is_refused() -> None:
    async def body() -> None:
        async with open_rig(RepliesWith(count_messages), agents=[WRITER]) as rig:
            rig.sessions.pool("writer", name="none", size=0)

    with pytest.raises(InvalidInput, match="a pool cannot have 0 sessions"):
        run_virtual(body())
