"""A team gives a result for each of its tasks, whatever became of the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import OwnerId
from parallel_agents.core.message import ToolCall
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.run import Outcome, RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.core.team_result import TeamResult
from parallel_agents.errors import AuthFailed, InvalidInput
from parallel_agents.runners.team import summary
from parallel_agents.testing import (
    Answer,
    MemoryStore,
    RepliesWith,
    Rig,
    open_rig,
)

WRITER = Agent(name="writer", description="Writes", instructions="Write.")
DONE, FAILED, KILLED = RunStatus.DONE, RunStatus.FAILED, RunStatus.KILLED
EVERY_RUN = Filter(every_run=True)
LATE, PARTIAL = RunStatus.TIMED_OUT, RunStatus.PARTIAL


def answer(request: ModelRequest) -> Answer:
    text = request.messages[0].text
    return AuthFailed("no key") if text == "fail" else f"{text} is done"


def model() -> RepliesWith:
    return RepliesWith(answer, latency_seconds=10)


async def run_team(rig: Rig, team: TeamTask) -> TeamResult:
    return await rig.sessions.team_result(await rig.sessions.spawn_team(team))


async def carry_out(*texts: str, timeout_seconds: float | None = None) -> TeamResult:
    async with open_rig(model(), agents=[WRITER]) as rig:
        tasks = tuple(Task("writer", text) for text in texts)
        return await run_team(rig, TeamTask(tasks=tasks, timeout_seconds=timeout_seconds))


async def test_results_come_in_the_order_of_the_tasks() -> None:
    team = await carry_out("first", "second", "third")

    assert team.status is DONE
    assert team.seconds == 10
    assert team.is_done
    assert [result.output for result in team.results] == [
        "first is done",
        "second is done",
        "third is done",
    ]


async def test_a_task_that_fails_does_not_touch_the_others() -> None:
    team = await carry_out("first", "fail", "third")

    assert team.status is PARTIAL
    assert [result.status for result in team.results] == [DONE, FAILED, DONE]
    assert team.results[1].error is not None
    assert team.results[1].error.code == "PA-E203"


async def test_what_is_not_over_when_the_time_is_up_ends_timed_out() -> None:
    quick, slow = (
        RepliesWith(answer, f"scripted/{name}", latency_seconds=seconds)
        for name, seconds in (("quick", 5), ("slow", 100))
    )
    tasks = (Task("writer", "quick"), Task("writer", "slow", model="scripted/slow"))
    async with open_rig(quick, slow, agents=[WRITER]) as rig:
        team = await run_team(rig, TeamTask(tasks=tasks, timeout_seconds=20))

    assert team.status is PARTIAL
    assert team.seconds == 20
    assert [result.status for result in team.results] == [DONE, LATE]
    late = team.results[1].error
    assert late is not None
    assert late.code == "PA-E302"
    assert late.message == "ended by the team's time limit of 20 s"


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


async def test_killing_a_team_ends_all_its_tasks() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        tasks = tuple(Task("writer", text) for text in ("first", "second"))
        handle = await rig.sessions.spawn_team(TeamTask(tasks=tasks))
        await asyncio.sleep(3)
        killed = await handle.kill()
        team = await rig.sessions.team_result(handle)
        ended = len(killed.runs)

    assert team.status is KILLED
    assert team.seconds == 3
    assert ended == 3
    assert [result.status for result in team.results] == [KILLED, KILLED]


async def test_a_team_that_is_begun_again_by_another_process_still_ends_in_its_time() -> None:
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
        result = await rig.sessions.team_result(await rig.sessions.spawn_team(team, key="monday"))
        assert loop.time() - began <= 15
    rows = await store.rows(Filter(parent=result.session_key))
    await store.aclose()
    team = result
    statuses = [row.run.status for row in rows]

    assert team.status is LATE
    assert statuses == [LATE, LATE]
    assert team.key == "monday"


async def test_a_single_session_is_its_own_team() -> None:
    async with open_rig(model(), agents=[WRITER]) as rig:
        handle = await rig.sessions.spawn(Task("writer", "alone"))
        team = await rig.sessions.team_result(handle)

    assert team.status is DONE
    assert [result.output for result in team.results] == ["alone is done"]


KEEP, STOP, CANCEL = OnFailure.KEEP_GOING, OnFailure.STOP_NEW, OnFailure.CANCEL_SIBLINGS


def answer_or_fail(request: ModelRequest) -> Answer:
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


async def run_reacting(task: TeamTask) -> TeamResult:
    slow = RepliesWith(answer_or_fail, "scripted/slow", latency_seconds=100)
    quick = RepliesWith(answer_or_fail, "scripted/quick", latency_seconds=10)
    async with open_rig(slow, quick, agents=[WRITER]) as rig:
        return await rig.sessions.team_result(await rig.sessions.spawn_team(task))


def statuses(result: TeamResult) -> list[RunStatus]:
    return [one.status for one in result.results]


async def test_keep_going_leaves_the_others_alone() -> None:
    result = await run_reacting(team("fail", "first", "second"))

    assert result.status is PARTIAL
    assert statuses(result) == [FAILED, DONE, DONE]


async def test_stop_new_ends_what_has_not_begun_and_lets_the_rest_go_on() -> None:
    result = await run_reacting(team("fail", "first", "second", "third", "fourth", on_failure=STOP))

    assert result.status is PARTIAL
    assert result.seconds == 100
    begun, queued = statuses(result)[:2], statuses(result)[3:]
    assert begun == [FAILED, DONE]
    assert queued == [KILLED, KILLED]
    error = result.results[4].error
    assert error is not None
    assert error.message == "killed by a sibling's failure"


async def test_cancel_siblings_ends_all_that_is_live() -> None:
    result = await run_reacting(team("fail", "first", "second", on_failure=CANCEL))

    assert result.status is FAILED
    assert result.seconds == 10
    assert statuses(result) == [FAILED, KILLED, KILLED]


@pytest.mark.parametrize(("min_done", "status"), [(1, PARTIAL), (2, PARTIAL), (3, FAILED)])
async def test_with_fewer_in_done_than_it_needs_a_team_has_failed(
    min_done: int, status: RunStatus
) -> None:
    result = await run_reacting(team("fail", "first", "second", min_done=min_done))

    assert result.status is status
    assert statuses(result) == [FAILED, DONE, DONE]


async def test_stop_new_ends_the_rest_once_too_few_can_still_succeed() -> None:
    task = team("first", "fail", "second", on_failure=STOP, min_done=3, max_parallel=3)

    result = await run_reacting(task)

    assert result.status is FAILED
    assert result.seconds == 10
    error = result.results[0].error
    assert error is not None
    assert error.message == "killed by its team, in which too few tasks can still succeed"


async def test_a_task_that_somebody_killed_is_no_failure() -> None:
    slow = RepliesWith(answer_or_fail, "scripted/slow", latency_seconds=100)
    async with open_rig(slow, agents=[WRITER]) as rig:
        task = team("first", "second", "third", on_failure=CANCEL, max_parallel=3)
        handle = await rig.sessions.spawn_team(task, key="monday")
        await asyncio.sleep(5)
        (first, *_) = await rig.service.members(await rig.service.find("monday"))
        await rig.sessions.kill(first.session.key)
        ended = await rig.sessions.team_result(handle)

    assert statuses(ended) == [KILLED, DONE, DONE]


@pytest.mark.parametrize("on_failure", [STOP, CANCEL])
async def test_a_team_that_goes_on_reacts_to_what_failed_while_nobody_saw(
    on_failure: OnFailure,
) -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    task = team("alone", "first", "second", on_failure=on_failure, max_parallel=1)
    slow = RepliesWith(answer_or_fail, "scripted/slow", latency_seconds=100)
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

    first, second, third = statuses(result)

    assert first is FAILED
    assert third is KILLED
    assert second is KILLED or (on_failure is STOP and second is DONE)


@pytest.mark.parametrize("min_done", [0, 4])
def test_a_number_of_tasks_that_the_team_has_not_is_refused(min_done: int) -> None:
    with pytest.raises(InvalidInput, match=f"min_done is {min_done}"):
        team("first", "second", "third", min_done=min_done)


ALICE, BOB = (
    Agent(name=name, description="Works", instructions=name, tools=("sessions_send",))
    for name in ("alice", "bob")
)
ASK = {"message": "your number?", "timeoutSeconds": 0}


class Asking:
    """Alice asks bob in her first turn, and, if told to, bob asks alice; then each answers."""

    def __init__(self, *askers: str) -> None:
        self._askers = askers

    def __call__(self, request: ModelRequest) -> Answer:
        if "your number?" in request.messages[-1].text:
            return "7"
        is_first = len(request.messages) == 1
        if is_first and request.system in self._askers:
            other = "bob" if request.system == "alice" else "alice"
            return ToolCall("ask", "sessions_send", {**ASK, "label": other})
        return f"the answer of {request.system}"


TWO = TeamTask(tasks=(Task("alice", "go"), Task("bob", "go")))
ANSWERS = ["the answer of alice", "the answer of bob"]


@pytest.mark.parametrize("askers", [("alice",), ("bob",), ("alice", "bob")])
@pytest.mark.parametrize("on_failure", list(OnFailure))
async def test_a_team_gets_the_answers_to_its_tasks_whoever_writes_to_whom(
    askers: Sequence[str], on_failure: OnFailure
) -> None:
    asking = RepliesWith(Asking(*askers), latency_seconds=10)
    async with open_rig(asking, agents=[ALICE, BOB]) as rig:
        team = await run_team(rig, replace(TWO, on_failure=on_failure))
        await rig.engine.wait_idle()
        numbers = Counter(row.run.number for row in await rig.sessions.list(EVERY_RUN))

    assert team.status is DONE
    assert [result.output for result in team.results] == ANSWERS
    assert numbers[2] == len(askers)


async def test_the_results_of_a_team_that_has_ended_never_change() -> None:
    asking = RepliesWith(Asking("alice"), latency_seconds=10)
    async with open_rig(asking, agents=[ALICE, BOB]) as rig:
        handle = await rig.sessions.spawn_team(TWO)
        await rig.sessions.team_result(handle)
        await rig.engine.wait_idle()
        before = await rig.sessions.team_result(handle)
        for name in ("alice", "bob"):
            await (await rig.sessions.send(name, "And now?")).wait()
        after = await rig.sessions.team_result(handle)

    assert after == before


async def test_a_team_that_is_resumed_after_messages_gets_the_answers_to_its_tasks() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    asking = RepliesWith(Asking("alice", "bob"), latency_seconds=10)
    async with open_rig(asking, agents=[ALICE, BOB], store=store) as rig:
        await rig.sessions.spawn_team(TWO, key="again")
        await asyncio.sleep(15)
        rig.engine.cancel_all()
    async with open_rig(asking, agents=[ALICE, BOB], store=store) as rig:
        team = await rig.sessions.team_result(await rig.sessions.spawn_team(TWO, key="again"))
    await store.aclose()

    assert team.status is DONE
    assert [result.output for result in team.results] == ANSWERS


async def test_the_pause_of_a_team_is_not_its_time_and_what_came_before_is() -> None:
    loop = asyncio.get_running_loop()
    store = MemoryStore(loop.time)
    tasks = (Task("writer", "a"), Task("writer", "b"))
    team = TeamTask(tasks=tasks, timeout_seconds=60, max_parallel=1)
    slow = RepliesWith(lambda _: "done", latency_seconds=50)
    async with open_rig(slow, agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn_team(team)
        await asyncio.sleep(40)
        rig.engine.cancel_all()
    await asyncio.sleep(1000)

    async with open_rig(slow, agents=[WRITER], store=store) as rig:
        resumed_at = loop.time()
        await rig.service.resume(handle.key)
        await rig.service.wait([handle.run_id])
        result = await rig.service.team_result(handle.key)
        lasted = loop.time() - resumed_at
    await store.aclose()

    assert 19 <= lasted <= 22
    assert not result.is_done
