"""A team gives a result for each of its tasks, whatever became of the others."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import RunStatus, TeamResult
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import AuthFailed
from parallel_agents.runners.team import summary
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig, run_virtual

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
DONE, FAILED, KILLED = RunStatus.DONE, RunStatus.FAILED, RunStatus.KILLED
LATE, PARTIAL = RunStatus.TIMED_OUT, RunStatus.PARTIAL


def answer(request: ModelRequest) -> Answer:
    text = request.messages[0].text
    return AuthFailed("no key") if text == "fail" else f"{text} is done"


def model() -> RepliesWith:
    return RepliesWith(answer, latency_seconds=10)


async def run_team(rig: Rig, team: TeamTask) -> TeamResult:
    return await rig.sessions.team_result(await rig.sessions.spawn_team(team))


def carry_out(*texts: str, timeout_seconds: float | None = None) -> TeamResult:
    async def body() -> TeamResult:
        async with open_rig(model(), agents=[WRITER]) as rig:
            tasks = tuple(Task("writer", text) for text in texts)
            return await run_team(rig, TeamTask(tasks=tasks, timeout_seconds=timeout_seconds))

    return run_virtual(body())


def test_results_come_in_the_order_of_the_tasks() -> None:
    team = carry_out("first", "second", "third")

    assert (team.status, team.seconds, team.is_done) == (DONE, 10, True)
    assert [result.output for result in team.results] == [
        "first is done",
        "second is done",
        "third is done",
    ]


def test_a_task_that_fails_does_not_touch_the_others() -> None:
    team = carry_out("first", "fail", "third")

    assert team.status is PARTIAL
    assert [result.status for result in team.results] == [DONE, FAILED, DONE]
    assert team.results[1].error is not None
    assert team.results[1].error.code == "PA-E203"


def test_what_is_not_over_when_the_time_is_up_ends_timed_out() -> None:
    async def body() -> TeamResult:
        quick, slow = (
            RepliesWith(answer, f"scripted/{name}", latency_seconds=seconds)
            for name, seconds in (("quick", 5), ("slow", 100))
        )
        tasks = (Task("writer", "quick"), Task("writer", "slow", model="scripted/slow"))
        async with open_rig(quick, slow, agents=[WRITER]) as rig:
            return await run_team(rig, TeamTask(tasks=tasks, timeout_seconds=20))

    team = run_virtual(body())

    assert (team.status, team.seconds) == (PARTIAL, 20)
    assert [result.status for result in team.results] == [DONE, LATE]
    late = team.results[1].error
    assert late is not None
    assert (late.code, late.message) == ("PA-E302", "ended by the team's time limit of 20 s")


@pytest.mark.parametrize(
    ("counts", "status"),
    [
        ({DONE: 3}, DONE),
        ({DONE: 1, FAILED: 2}, PARTIAL),
        ({DONE: 1, LATE: 2}, PARTIAL),
        ({FAILED: 1}, FAILED),
        ({FAILED: 1, LATE: 1}, FAILED),
        ({KILLED: 2}, FAILED),
        ({LATE: 2}, LATE),
    ],
)
def test_how_a_team_ended_follows_from_how_its_tasks_did(
    counts: dict[RunStatus, int], status: RunStatus
) -> None:
    outcome = summary(Counter(counts))

    assert outcome.status is status
    assert (outcome.error is None) == (status is DONE)
    assert all(f"{count} {name}" in outcome.text for name, count in counts.items())


def test_killing_a_team_ends_all_its_tasks() -> None:
    async def body() -> tuple[TeamResult, int]:
        async with open_rig(model(), agents=[WRITER]) as rig:
            tasks = tuple(Task("writer", text) for text in ("first", "second"))
            handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
            await asyncio.sleep(3)
            killed = await handle.kill()
            return await rig.sessions.team_result(handle), len(killed.runs)

    team, ended = run_virtual(body())

    assert (team.status, team.seconds, ended) == (KILLED, 3, 3)
    assert [result.status for result in team.results] == [KILLED, KILLED]


def test_a_team_that_is_begun_again_by_another_process_still_ends_in_its_time() -> None:
    async def body() -> tuple[TeamResult, list[str]]:
        loop = asyncio.get_running_loop()
        store = MemoryStore(loop.time)
        team = TeamTask(tasks=(Task("writer", "first"), Task("writer", "fail")), timeout_seconds=15)
        async with open_rig(model(), agents=[WRITER], store=store) as rig:
            await rig.sessions.spawn_team(team, key="monday")
            await asyncio.sleep(8)
            rig.engine.cancel_all()
        await asyncio.sleep(1000)
        slow = RepliesWith(answer, latency_seconds=100)
        async with open_rig(slow, agents=[WRITER], store=store) as rig:
            began = loop.time()
            result = await rig.sessions.team_result(
                await rig.sessions.spawn_team(team, key="monday")
            )
            assert loop.time() - began <= 15
        rows = await store.rows(Filter(parent=result.session_key))
        await store.aclose()
        return result, [row.run.status for row in rows]

    team, statuses = run_virtual(body())

    assert team.status is LATE
    assert statuses == [LATE, LATE]
    assert team.key == "monday"


def test_a_single_session_is_its_own_team() -> None:
    async def body() -> TeamResult:
        async with open_rig(model(), agents=[WRITER]) as rig:
            handle = await rig.sessions.spawn(Task("writer", "alone"))
            return await rig.sessions.team_result(handle)

    team = run_virtual(body())

    assert (team.status, [result.output for result in team.results]) == (DONE, ["alone is done"])
