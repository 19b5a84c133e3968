"""Wait until all runs have ended, any has, or the first one is done."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.task import Task
from parallel_agents.core.verbs import UntilName
from parallel_agents.errors import AuthFailed
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes.", instructions="Write.")
FAST = RepliesWith(lambda _: "fast", "scripted/fast", latency_seconds=10)
SLOW = RepliesWith(lambda _: "slow", "scripted/slow", latency_seconds=30)
BAD = RepliesWith(lambda _: AuthFailed("no key"), "scripted/bad", latency_seconds=5)


async def wait(until: UntilName, *models: str) -> tuple[list[str], float]:
    """The models of the results, and the time when they came."""

    async with open_rig(FAST, SLOW, BAD, agents=[WRITER]) as rig:
        handles = [
            await rig.sessions.spawn(Task("writer", "Go.", model=f"scripted/{model}"))
            for model in models
        ]
        results = await rig.sessions.wait(handles, until=until)
        return [r.model.partition("/")[2] for r in results], asyncio.get_running_loop().time()


@pytest.mark.parametrize(
    ("until", "models", "ended", "at"),
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
async def test_wait_returns_as_soon_as_its_condition_is_met(
    until: UntilName, models: tuple[str, ...], ended: list[str], at: float
) -> None:
    assert await wait(until, *models) == (ended, at)


async def test_runs_that_ended_before_the_wait_count() -> None:
    async with open_rig(FAST, SLOW, agents=[WRITER]) as rig:
        fast = await rig.sessions.spawn(Task("writer", "Go.", model="scripted/fast"))
        slow = await rig.sessions.spawn(Task("writer", "Go.", model="scripted/slow"))
        await fast.wait()
        counts = [
            len(await rig.sessions.wait([fast, slow], until=until))
            for until in ("any", "first_done", "now", "all")
        ]

    assert counts == [1, 1, 1, 2]
