"""An agent whose start is learned begins on the tier that pays off, as its earlier runs show."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from parallel_agents.core.agent import Agent, Start
from parallel_agents.core.event import Queued
from parallel_agents.core.gate import RegexGate
from parallel_agents.core.run import Result
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.sessions.ladder_start import REFRESH_SECONDS, RUNS
from parallel_agents.testing import RepliesWith, Rig, open_rig

LADDER = ("scripted/cheap", "scripted/dear")
WRITER = Agent(
    name="writer",
    description="",
    instructions="Write.",
    gates=(RegexGate(pattern="good"),),
    ladder=LADDER,
    start=Start.LEARNED,
)


class Shop:
    """A cheap model that takes a while to be refused, and a dear one."""

    def __init__(self) -> None:
        self.cheap = RepliesWith(lambda _: "bad", LADDER[0], latency_seconds=5)
        self.dear = RepliesWith(lambda _: "good", LADDER[1], latency_seconds=2)


async def work(rig: Rig, count: int) -> list[Result]:
    return [await (await rig.sessions.spawn(Task("writer", "Go."))).wait() for _ in range(count)]


async def pause() -> None:
    await asyncio.sleep(REFRESH_SECONDS)


async def test_a_tier_that_does_not_pay_off_is_skipped_and_the_reason_is_recorded() -> None:
    shop = Shop()
    async with open_rig(shop.cheap, shop.dear, agents=[WRITER]) as rig:
        await work(rig, 5)
        await pause()
        results = await work(rig, 2)
        first = (await rig.sessions.history(results[-1].session_key))[0].body
        assert isinstance(first, Queued)
        why = first.start
        calls = len(shop.cheap.requests)

    assert [(result.attempts, result.model) for result in results] == [(1, LADDER[1])] * 2
    assert why == "begins on scripted/dear: 0 of 5 answers of scripted/cheap were accepted"
    assert calls == 5


async def test_each_agent_also_in_a_team_goes_by_its_own_history() -> None:
    shop = Shop()
    other = replace(WRITER, name="other")
    plain = replace(WRITER, name="plain", start=Start.CHEAPEST)
    async with open_rig(shop.cheap, shop.dear, agents=[WRITER, other, plain]) as rig:
        await work(rig, 5)
        await pause()
        tasks = tuple(Task(name, "Go.") for name in ("writer", "other", "plain"))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        attempts = [result.attempts for result in (await rig.sessions.team_result(team)).results]

    assert attempts == [1, 2, 2]


async def test_a_skipped_tier_is_tried_again_once_its_record_is_old() -> None:
    shop = Shop()
    async with open_rig(shop.cheap, shop.dear, agents=[WRITER]) as rig:
        await work(rig, 5)
        await pause()
        await work(rig, RUNS - 4)
        await pause()
        attempts = [result.attempts for result in await work(rig, 1)]

    assert attempts == [2]
