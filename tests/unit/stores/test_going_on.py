"""What running again under the same key does, by the state in which the work ended."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.event import Queued
from parallel_agents.core.limits import Limits
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.row import oldest_first
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import AuthFailed
from parallel_agents.testing import Answer, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
LITTLE, MUCH = Budget(tokens=10), Budget(tokens=1_000_000)
DONE, FAILED, KILLED, OVER = (
    RunStatus.DONE,
    RunStatus.FAILED,
    RunStatus.KILLED,
    RunStatus.OVER_BUDGET,
)


def answers(request: ModelRequest) -> Answer:
    return AuthFailed("no key") if "fail" in request.messages[0].text else "answered"


def model() -> RepliesWith:
    return RepliesWith(answers, latency_seconds=10)


def team(*tasks: Task, budget: Budget) -> TeamTask:
    return TeamTask(tasks=tasks, budget=budget)


async def run(rig: Rig, text: str, budget: Budget) -> RunStatus:
    handle = await rig.sessions.spawn(Task("writer", text, key="k", budget=budget))
    return (await handle.wait()).status


@pytest.mark.parametrize(
    ("text", "budget", "first", "second", "runs"),
    [
        ("do", MUCH, DONE, DONE, 1),
        ("fail", MUCH, FAILED, FAILED, 1),
        ("do", LITTLE, OVER, DONE, 2),
    ],
)
async def test_only_what_ended_over_budget_goes_on(
    text: str, budget: Budget, first: RunStatus, second: RunStatus, runs: int
) -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        ended = [await run(rig, text, budget), await run(rig, text, MUCH)]

        assert ended == [first, second]
        assert len(await rig.service.list(Filter(every_run=True))) == runs


async def test_a_later_message_that_ended_over_budget_goes_on_when_it_is_resumed() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        ended = [await run(rig, "do", MUCH), await run(rig, "do", LITTLE)]
        sent = await rig.service.send("k", "more")
        (short,) = await rig.service.wait([sent.run_id])
        ended.append(await run(rig, "do", MUCH))
        resumed = await rig.service.resume("k")
        (result,) = await rig.service.wait([resumed.run_id])
        asked = next(each.body for each in await rig.store.events() if each.run == resumed.run_id)

        assert ended == [DONE, DONE, DONE]
        assert short.status is OVER
        assert result.is_done
        assert isinstance(asked, Queued)
        assert asked.text.startswith("more\n")


async def test_a_killed_session_stays_killed() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "do", key="k"))
        await handle.kill()

        assert await run(rig, "do", MUCH) is KILLED


async def test_the_same_budget_is_refused_again_before_a_call() -> None:
    asked = model()
    async with open_rig(asked, agents=[WRITER]) as rig:
        ended = [await run(rig, "do", LITTLE), await run(rig, "do", LITTLE)]

        assert ended == [OVER, OVER]


async def test_of_a_team_only_the_tasks_without_money_go_on() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        tasks = (Task("writer", "rich"), Task("writer", "poor", budget=LITTLE))
        first = await rig.sessions.spawn_team(team(*tasks, budget=MUCH), key="t")
        await first.wait()
        tasks = (tasks[0], Task("writer", "poor", budget=MUCH))
        again = await rig.sessions.spawn_team(team(*tasks, budget=MUCH), key="t")
        result = await rig.sessions.team_result(again)

        assert result.status is DONE
        assert [each.status for each in result.results] == [DONE, DONE]
        assert len(await rig.service.list(Filter(every_run=True, agent="writer"))) == 3


async def test_retries_close_their_dead_letters() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        await run(rig, "do", LITTLE)
        await run(rig, "do", MUCH)

        assert await rig.sessions.dead_letters() == []


async def test_an_option_that_kept_work_does_not_take_is_named() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        await run(rig, "do", MUCH)
        limits = Limits(timeout_seconds=7)
        again = await rig.sessions.spawn(Task("writer", "do", key="k", limits=limits))

        assert again.kept == ("limits",)


async def test_work_that_is_done_says_that_it_keeps_its_budget() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        first = await rig.sessions.spawn_team(team(Task("writer", "one"), budget=MUCH), key="t")
        await first.wait()
        again = await rig.sessions.spawn_team(team(Task("writer", "one"), budget=LITTLE), key="t")

        assert again.kept == ("budget",)


async def test_rows_are_executed_in_the_order_of_asking() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        asked: list[str] = []
        for number in range(3):
            asked.append((await rig.sessions.spawn(Task("writer", f"task {number}"))).run_id)
            await asyncio.sleep(1)
        newest_first = await rig.service.list()

        assert [row.run.id for row in newest_first] == asked[::-1]
        assert [row.run.id for row in oldest_first(newest_first)] == asked
