"""A team reacts to the failure of a task as its task says, also when it goes on after a crash."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Outcome, RunStatus, TeamResult
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.errors import AuthFailed, InvalidInput
from parallel_agents.testing import (
    Answer,
    MemoryStore,
    RepliesWith,
    open_rig,
    run_virtual,
)

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
DONE, FAILED, KILLED = RunStatus.DONE, RunStatus.FAILED, RunStatus.KILLED
PARTIAL = RunStatus.PARTIAL
KEEP, STOP, CANCEL = OnFailure.KEEP_GOING, OnFailure.STOP_NEW, OnFailure.CANCEL_SIBLINGS


def answer(request: ModelRequest) -> Answer:
    text = request.messages[0].text
    return AuthFailed("no key") if text == "fail" else f"{text} is done"


def team(
    *texts: str,
    on_failure: OnFailure = KEEP,
    min_done: int | None = None,
    max_parallel: int | None = 2,
) -> TeamTask:
    """Tasks that take 100 s, but for those that fail: these take 10."""
    tasks = tuple(
        Task("writer", text, model="scripted/quick" if text == "fail" else None) for text in texts
    )
    return TeamTask(
        tasks=tasks, on_failure=on_failure, min_done=min_done, max_parallel=max_parallel
    )


def carry_out(task: TeamTask) -> TeamResult:
    async def body() -> TeamResult:
        slow = RepliesWith(answer, "scripted/slow", latency_seconds=100)
        quick = RepliesWith(answer, "scripted/quick", latency_seconds=10)
        async with open_rig(slow, quick, agents=[WRITER]) as rig:
            return await rig.sessions.team_result(await rig.sessions.spawn_team(task))

    return run_virtual(body())


def statuses(result: TeamResult) -> list[RunStatus]:
    return [one.status for one in result.results]


def test_keep_going_leaves_the_others_alone() -> None:
    result = carry_out(team("fail", "first", "second"))

    assert result.status is PARTIAL
    assert statuses(result) == [FAILED, DONE, DONE]


def test_stop_new_ends_what_has_not_begun_and_lets_the_rest_go_on() -> None:
    result = carry_out(team("fail", "first", "second", "third", "fourth", on_failure=STOP))

    assert (result.status, result.seconds) == (PARTIAL, 100)
    begun, queued = statuses(result)[:2], statuses(result)[3:]
    assert (begun, queued) == ([FAILED, DONE], [KILLED, KILLED])
    error = result.results[4].error
    assert error is not None
    assert error.message == "ended by a sibling's failure"


def test_cancel_siblings_ends_all_that_is_live() -> None:
    result = carry_out(team("fail", "first", "second", on_failure=CANCEL))

    assert (result.status, result.seconds) == (FAILED, 10)
    assert statuses(result) == [FAILED, KILLED, KILLED]


@pytest.mark.parametrize(("min_done", "status"), [(1, PARTIAL), (2, PARTIAL), (3, FAILED)])
def test_with_fewer_in_done_than_it_needs_a_team_has_failed(
    min_done: int, status: RunStatus
) -> None:
    result = carry_out(team("fail", "first", "second", min_done=min_done))

    assert result.status is status
    assert statuses(result) == [FAILED, DONE, DONE]


def test_stop_new_ends_the_rest_once_too_few_can_still_succeed() -> None:
    task = team("first", "fail", "second", on_failure=STOP, min_done=3, max_parallel=3)

    result = carry_out(task)

    assert (result.status, result.seconds) == (FAILED, 10)
    error = result.results[0].error
    assert error is not None
    assert error.message == "ended by too few can still succeed"


def test_a_task_that_somebody_killed_is_no_failure() -> None:
    async def body() -> TeamResult:
        slow = RepliesWith(answer, "scripted/slow", latency_seconds=100)
        async with open_rig(slow, agents=[WRITER]) as rig:
            task = team("first", "second", "third", on_failure=CANCEL, max_parallel=3)
            handle = await rig.sessions.spawn_team(task, key="monday")
            await asyncio.sleep(5)
            (first, *_) = await rig.service.members(await rig.service.find("monday"))
            await rig.sessions.kill(first.session.key)
            return await rig.sessions.team_result(handle)

    assert statuses(run_virtual(body())) == [KILLED, DONE, DONE]


@pytest.mark.parametrize("on_failure", [STOP, CANCEL])
def test_a_team_that_goes_on_reacts_to_what_failed_while_nobody_saw(on_failure: OnFailure) -> None:
    async def body() -> TeamResult:
        store = MemoryStore(asyncio.get_running_loop().time)
        task = team("alone", "first", "second", on_failure=on_failure, max_parallel=1)
        slow = RepliesWith(answer, "scripted/slow", latency_seconds=100)
        async with open_rig(slow, agents=[WRITER], store=store) as rig:
            await rig.sessions.spawn_team(task, key="monday")
            await asyncio.sleep(5)
            (begun, *_) = await rig.service.members(await rig.service.find("monday"))
            rig.engine.cancel_all()
        claim = await store.claim(begun.run.id, OwnerId("another"))
        assert claim is not None
        await store.finish(begun.run.id, claim.run.epoch, Outcome(status=FAILED))
        async with open_rig(slow, agents=[WRITER], store=store) as rig:
            handle = await rig.sessions.spawn_team(task, key="monday")
            result = await rig.sessions.team_result(handle)
        await store.aclose()
        return result

    first, second, third = statuses(run_virtual(body()))

    assert (first, third) == (FAILED, KILLED)
    assert second is KILLED or (on_failure is STOP and second is DONE)


@pytest.mark.parametrize("min_done", [0, 4])
def test_a_number_of_tasks_that_the_team_has_not_is_refused(min_done: int) -> None:
    with pytest.raises(InvalidInput, match=f"min_done is {min_done}"):
        team("first", "second", "third", min_done=min_done)
