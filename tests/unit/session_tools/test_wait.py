"""Wait for all, for any, or for the first that is done; and pools of sessions."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Result
from parallel_agents.core.session import Mode
from parallel_agents.core.task import Task
from parallel_agents.errors import AuthFailed, InvalidInput
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig, run_virtual

WRITER = Agent(name="writer", description="Writes.", instructions="Write.")
FAST = RepliesWith(lambda _: "fast", "scripted/fast", latency_seconds=10)
SLOW = RepliesWith(lambda _: "slow", "scripted/slow", latency_seconds=30)
BAD = RepliesWith(lambda _: AuthFailed("no key"), "scripted/bad", latency_seconds=5)


def wait(until: str, *models: str) -> tuple[list[str], float]:
    """The models of the results, and when they came."""

    async def body() -> tuple[list[str], float]:
        async with open_rig(FAST, SLOW, BAD, agents=[WRITER]) as rig:
            handles = [
                await rig.sessions.spawn(Task("writer", "Go.", model=f"scripted/{model}"))
                for model in models
            ]
            given = await rig.sessions.wait(handles, until=until)
            return [r.model.partition("/")[2] for r in given], asyncio.get_running_loop().time()

    return run_virtual(body())


@pytest.mark.parametrize(
    ("until", "models", "given", "at"),
    [
        ("all", ("slow", "fast", "bad"), ["slow", "fast", "bad"], 30),
        ("any", ("slow", "fast", "bad"), ["bad"], 5),
        ("any", ("slow", "fast"), ["fast"], 10),
        ("first_done", ("slow", "bad", "fast"), ["bad", "fast"], 10),
        ("first_done", ("bad", "bad"), ["bad", "bad"], 5),
        ("now", ("slow", "fast"), [], 0),
        ("all", (), [], 0),
        ("any", (), [], 0),
    ],
)
def test_wait_returns_when_what_is_waited_for_is_there(
    until: str, models: tuple[str, ...], given: list[str], at: float
) -> None:
    assert wait(until, *models) == (given, at)


def test_what_was_over_before_counts() -> None:
    async def body() -> list[int]:
        async with open_rig(FAST, SLOW, agents=[WRITER]) as rig:
            fast = await rig.sessions.spawn(Task("writer", "Go.", model="scripted/fast"))
            slow = await rig.sessions.spawn(Task("writer", "Go.", model="scripted/slow"))
            await fast.wait()
            return [
                len(await rig.sessions.wait([fast, slow], until=until))
                for until in ("any", "first_done", "now", "all")
            ]

    assert run_virtual(body()) == [1, 1, 1, 2]


def count_words(request: ModelRequest) -> Answer:
    return f"{len(request.messages)} messages"


async def use_pool(rig: Rig, size: int, tasks: int) -> list[Result]:
    pool = rig.sessions.pool("writer", name="writers", size=size)
    return await asyncio.gather(*(pool.run(f"task {n}") for n in range(tasks)))


def test_a_pool_takes_tasks_in_turn_and_its_sessions_remember() -> None:
    async def body() -> tuple[list[Result], int, float]:
        model = RepliesWith(count_words, latency_seconds=10)
        async with open_rig(model, agents=[WRITER]) as rig:
            given = await use_pool(rig, size=2, tasks=5)
            rows = await rig.sessions.list()
            assert {row.session.options.mode for row in rows} == {Mode.SESSION}
            return given, len(rows), asyncio.get_running_loop().time()

    given, sessions, at = run_virtual(body())

    assert [result.output for result in given] == [
        "1 messages",
        "1 messages",
        "3 messages",
        "3 messages",
        "5 messages",
    ]
    assert (sessions, at) == (2, 30)


@pytest.mark.parametrize("tasks", [0, 1, 2, 5])
def test_a_pool_is_lazy_and_has_no_session_that_no_task_went_to(tasks: int) -> None:
    async def body() -> list[str]:
        async with open_rig(RepliesWith(count_words), agents=[WRITER]) as rig:
            await use_pool(rig, size=3, tasks=tasks)
            return sorted(row.session.label for row in await rig.sessions.list())

    assert run_virtual(body()) == [f"writers-{n}" for n in range(1, min(tasks, 3) + 1)]


def test_a_pool_of_the_same_name_goes_on_with_its_sessions() -> None:
    async def body() -> tuple[str, int]:
        model = RepliesWith(count_words)
        async with open_rig(model, agents=[WRITER]) as rig:
            await use_pool(rig, size=1, tasks=1)
            (again,) = await use_pool(rig, size=1, tasks=1)
            return str(again.output), len(await rig.sessions.list())

    assert run_virtual(body()) == ("3 messages", 1)


def test_a_pool_of_nobody_is_refused() -> None:
    async def body() -> None:
        async with open_rig(FAST, agents=[WRITER]) as rig:
            rig.sessions.pool("writer", name="none", size=0)

    with pytest.raises(InvalidInput, match="a pool cannot have 0 sessions"):
        run_virtual(body())
