"""A dead letter is run again as it was, or with another model or input, once and under its team."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.dead_letter import DeadLetterFilter, Edits
from parallel_agents.core.event import Queued
from parallel_agents.core.gate import ConditionGate, RegexGate
from parallel_agents.core.limits import Limits
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.permission import Permissions
from parallel_agents.core.retry_keys import next_key
from parallel_agents.core.run import RunStatus
from parallel_agents.core.session import Mode, SessionOptions
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import AuthFailed, Conflict, InvalidInput, RunIsOver, UnknownModel
from parallel_agents.sessions.inspection import StoreJournal
from parallel_agents.settings import Settings
from parallel_agents.testing import Answer, MemoryStore, RepliesWith, Rig, open_rig
from parallel_agents.views.sessions import lines_of

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "word": {"type": "string"}},
}
WRITER = Agent(name="writer", description="Writes", instructions="Write.", input_schema=SCHEMA)
DONE, FAILED, KILLED = RunStatus.DONE, RunStatus.FAILED, RunStatus.KILLED


def fails(_: ModelRequest) -> Answer:
    return AuthFailed("no key")


def echoes(request: ModelRequest) -> Answer:
    return " | ".join(message.text for message in request.messages)


@asynccontextmanager
async def open_test_rig() -> AsyncGenerator[Rig]:
    """With a model that fails and one that echoes its messages."""
    bad, good = (
        RepliesWith(answer, f"scripted/{name}", latency_seconds=10)
        for name, answer in (("bad", fails), ("good", echoes))
    )
    async with open_rig(bad, good, agents=[WRITER]) as rig:
        yield rig


async def fail(rig: Rig, **options: Any) -> None:
    handle = await rig.sessions.spawn(Task("writer", "do it", **options))
    assert (await handle.wait()).status is FAILED


async def test_a_retry_is_the_same_task_under_a_key_that_names_it() -> None:
    async with open_test_rig() as rig:
        await fail(
            rig,
            key="tea",
            label="tea",
            input={"n": 1},
            limits=Limits(max_turns=7),
            budget=Budget(tokens=50_000),
            priority=3,
        )
        (dead_letter,) = await rig.sessions.dead_letters()

        planned = await rig.service.plan_retry(dead_letter)

        assert isinstance(planned, SessionPlan)
        assert planned.session.spawn_key == "tea/retry-2"
        assert planned.session.label == "tea-retry-2"
        assert planned.queued.text == "do it"
        assert planned.queued.input == {"n": 1}
        assert planned.queued.limits == dead_letter.queued.limits
        assert planned.budget == Budget(tokens=50_000)
        assert planned.priority == 3
        assert planned.model == "scripted/bad"


async def test_a_retry_can_use_the_current_agent_and_keeps_what_the_task_asked_for() -> None:
    good = RepliesWith(echoes, "scripted/good")
    first = replace(
        WRITER,
        gates=(ConditionGate(condition="len(text) < 0"),),
        limits=Limits(attempts=2, max_turns=7),
    )
    now = replace(WRITER, instructions="Write well.", limits=Limits(attempts=3))
    store = MemoryStore(asyncio.get_running_loop().time)
    own = (RegexGate(pattern="do"),)
    async with open_rig(good, agents=[first], store=store) as rig:
        limits = Limits(max_output_tokens=55)
        await fail(rig, gates=own, limits=limits, budget=Budget(tokens=9999))
    async with open_rig(good, agents=[now], store=store) as rig:
        (dead_letter,) = await rig.sessions.dead_letters()
        same = await rig.service.plan_retry(dead_letter)
        handle = await rig.sessions.retry(dead_letter, current=True)
        result = await handle.wait()
        row = await rig.service.find(handle.key)
        queued = (await rig.sessions.history(handle.key))[0].body

    assert isinstance(same, SessionPlan)
    assert isinstance(queued, Queued)
    assert same.session.agent.gates == (*first.gates, *own)
    assert result.status is DONE
    assert row.session.agent == replace(now, gates=own)
    assert queued.limits.attempts == 3
    assert queued.limits.max_output_tokens == 55
    assert queued.limits.max_turns == 25
    await store.aclose()


async def test_a_retry_with_another_model_and_input_ends_the_dead_letter_once_it_is_done() -> None:
    async with open_test_rig() as rig:
        await fail(rig, input={"n": 1, "word": "tea"})
        (dead_letter,) = await rig.sessions.dead_letters()

        handle = await rig.sessions.retry(dead_letter, model="scripted/good", input={"n": 2})
        result = await handle.wait()

        assert result.status is DONE
        assert result.model == "scripted/good"
        assert '"n": 2' in result.text
        assert '"word": "tea"' in result.text
        assert await rig.sessions.dead_letters() == []


async def test_a_retry_can_have_another_text() -> None:
    async with open_test_rig() as rig:
        await fail(rig, input={"n": 1})
        (dead_letter,) = await rig.sessions.dead_letters()

        handle = await rig.sessions.retry(dead_letter, text="do half of it", model="scripted/good")
        result = await handle.wait()

        assert result.text.startswith("do half of it")
        assert '"n": 1' in result.text
        assert (await rig.service.find(handle.key)).run.title == "do half of it"


async def test_a_live_retry_cannot_be_changed() -> None:
    async with open_test_rig() as rig:
        await fail(rig, label="tea")
        (dead_letter,) = await rig.sessions.dead_letters()
        first = await rig.sessions.retry(dead_letter, text="less", model="scripted/good")
        (dead_letter,) = await rig.sessions.dead_letters()

        same = await rig.sessions.retry(dead_letter, text="less")
        for text, values in (("more", None), ("less", {"n": 2}), (None, {"n": 2})):
            with pytest.raises(
                Conflict, match="tea-retry-2 is already a retry of this task, with a different text"
            ):
                await rig.sessions.retry(dead_letter, text=text, input=values)
        await first.kill()
        other = await rig.sessions.retry(dead_letter, text="more", model="scripted/good")

        assert same.key == first.key
        assert not same.is_new
        assert other.is_new
        assert (await other.wait()).text == "more"


async def test_a_second_retry_finds_the_first() -> None:
    async with open_test_rig() as rig:
        await fail(rig)
        (stale,) = await rig.sessions.dead_letters()
        first = await rig.sessions.retry(stale, model="scripted/good")
        (dead_letter,) = await rig.sessions.dead_letters()

        again = [
            await rig.sessions.retry(each, model="scripted/good") for each in (stale, dead_letter)
        ]

        assert dead_letter.retried_by == first.key
        assert [(handle.key, handle.is_new) for handle in again] == [(first.key, False)] * 2
        with pytest.raises(Conflict):
            await rig.sessions.retry(stale, input={"n": 5})
        with pytest.raises(Conflict, match="on another model"):
            await rig.sessions.retry(stale, model="scripted/bad")
        with pytest.raises(UnknownModel):
            await rig.sessions.retry(stale, model="x")


async def test_a_retry_that_failed_is_retried_under_the_next_number() -> None:
    async with open_test_rig() as rig:
        await fail(rig, key="tea", label="tea")
        for number in (2, 3):
            (dead_letter,) = await rig.sessions.dead_letters()
            handle = await rig.sessions.retry(dead_letter)
            assert (await handle.wait()).status is FAILED
            row = await rig.service.find(handle.key)
            assert row.session.spawn_key == f"tea/retry-{number}"
            assert row.session.label == f"tea-retry-{number}"

        assert len(await rig.sessions.dead_letters()) == 1


async def test_a_dead_letter_that_a_failed_retry_has_replaced_means_that_one() -> None:
    async with open_test_rig() as rig:
        await fail(rig, key="tea")
        (first,) = await rig.sessions.dead_letters()
        tries = [await rig.sessions.retry(first)]
        assert (await tries[0].wait()).status is FAILED
        tries.append(await rig.sessions.retry(first))
        assert (await tries[1].wait()).status is FAILED
        done = await rig.sessions.retry(first, model="scripted/good")
        assert (await done.wait()).status is DONE
        again = await rig.sessions.retry(first)

    assert [handle.is_new for handle in (*tries, done, again)] == [True, True, True, False]
    assert len({handle.key for handle in (*tries, done)}) == 3
    assert again.key == done.key


async def test_the_session_of_a_task_selects_what_failed_last_of_it() -> None:
    async with open_test_rig() as rig:
        await fail(rig, key="tea")
        await fail(rig, key="rain")
        (letter,) = await rig.sessions.dead_letters(DeadLetterFilter(tree="tea"))
        retry = await rig.sessions.retry(letter)
        await retry.wait()
        (later,) = await rig.sessions.dead_letters(DeadLetterFilter(tree="tea"))
        await rig.sessions.drop([later])
        none = await rig.sessions.dead_letters(DeadLetterFilter(tree="tea"))

    assert (later.session.key, none) == (retry.key, [])


async def test_a_killed_retry_does_not_prevent_another() -> None:
    async with open_test_rig() as rig:
        await fail(rig, key="tea")
        (dead_letter,) = await rig.sessions.dead_letters()
        first = await rig.sessions.retry(dead_letter, model="scripted/good")
        await first.kill()
        (dead_letter,) = await rig.sessions.dead_letters()

        second = await rig.sessions.retry(dead_letter, model="scripted/good")

        assert second.is_new
        assert (await rig.service.find(second.key)).session.spawn_key == "tea/retry-3"
        assert (await second.wait()).status is DONE


async def test_a_task_of_a_team_is_retried_under_it_and_the_team_counts_its_own_tasks() -> None:
    async with open_test_rig() as rig:
        tasks = (
            Task("writer", "fails", key="tea"),
            Task("writer", "lasts", key="rain", model="scripted/good"),
            Task("writer", "lasts", key="snow", model="scripted/good"),
        )
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks, max_parallel=2), key="monday")
        await asyncio.sleep(11)
        (dead_letter,) = await rig.sessions.dead_letters()

        handle = await rig.sessions.retry(dead_letter, model="scripted/good")

        result = await rig.sessions.team_result(team)
        assert [one.status for one in result.results] == [FAILED, DONE, DONE]
        row = await rig.service.find(team.key)
        outcome = (await rig.service.wait([row.run.id]))[0]
        assert outcome.text == "2 done, 1 failed"
        assert (await handle.wait()).status is DONE
        assert (await rig.service.find(handle.key)).session.parent == team.key
        journal = StoreJournal(rig.store, rig.store.now, Settings().stuck_rules)
        (line,) = lines_of(await journal.look([row]))
        assert line.counts == {"done": 2, "failed": 1}
        assert line.later_counts == {"done": 1}


async def test_a_retry_spends_from_the_budget_of_its_team() -> None:
    async with open_test_rig() as rig:
        task = Task("writer", "do it", model="scripted/good")
        team = await rig.sessions.spawn_team(TeamTask(tasks=(task,), budget=Budget(tokens=10)))
        assert (await team.wait()).status is RunStatus.OVER_BUDGET
        (dead_letter,) = await rig.sessions.dead_letters()

        retried = await (await rig.sessions.retry(dead_letter)).wait()

        assert retried.status is RunStatus.OVER_BUDGET
        assert retried.spend.calls == 0


async def test_nothing_is_retried_under_a_killed_team() -> None:
    async with open_test_rig() as rig:
        tasks = (Task("writer", "fails"), Task("writer", "lasts", model="scripted/good"))
        team = await rig.sessions.spawn_team(TeamTask(tasks=tasks, max_parallel=1))
        await asyncio.sleep(11)
        await team.kill()
        (dead_letter,) = await rig.sessions.dead_letters()

        with pytest.raises(RunIsOver, match="the team of writer was killed"):
            await rig.sessions.retry(dead_letter)


async def test_the_retry_of_a_later_run_has_the_messages_before_it() -> None:
    async with open_test_rig() as rig:
        options = SessionOptions(mode=Mode.SESSION)
        task = Task("writer", "first", model="scripted/good", options=options)
        handle = await rig.sessions.spawn(task)
        await handle.wait()
        await handle.send("second", input={"n": 1})
        await asyncio.sleep(1)
        await rig.store.kill(handle.key, by="a limit", status=RunStatus.TIMED_OUT)
        (dead_letter,) = await rig.sessions.dead_letters()

        retried = await (await rig.sessions.retry(dead_letter)).wait()

        assert retried.text.startswith("first | first | second")


async def test_an_input_that_does_not_fit_is_refused_and_nothing_is_kept() -> None:
    async with open_test_rig() as rig:
        await fail(rig)
        (dead_letter,) = await rig.sessions.dead_letters()

        with pytest.raises(InvalidInput):
            await rig.sessions.retry(dead_letter, input={"n": "two"})
        with pytest.raises(InvalidInput, match="the task is empty"):
            await rig.sessions.retry(dead_letter, text=" ")

        assert len(await rig.sessions.list()) == 1


async def test_a_dropped_dead_letter_is_gone() -> None:
    async with open_test_rig() as rig:
        await fail(rig)

        dropped = await rig.sessions.drop(await rig.sessions.dead_letters())
        assert dropped == 1

        assert await rig.sessions.dead_letters() == []


@pytest.mark.parametrize(
    ("spawn_key", "following"),
    [
        ("tea", ("tea/retry-2", 2)),
        ("tea/retry-2", ("tea/retry-3", 3)),
        ("tea/retry-9", ("tea/retry-10", 10)),
        ("tea/retry-", ("tea/retry-/retry-2", 2)),
    ],
)
def test_the_key_of_a_retry_counts_the_retries(spawn_key: str, following: tuple[str, int]) -> None:
    assert next_key(spawn_key) == following


async def test_a_retry_has_the_permissions_of_its_task_and_with_the_current_agent_those_of_today() -> (
    None
):
    asked, once, today = (Permissions(deny=(name,)) for name in ("task", "once", "today"))
    bad = RepliesWith(fails, "scripted/bad")
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(bad, agents=[replace(WRITER, permissions=once)], store=store) as rig:
        await fail(rig, permissions=asked)
        (dead_letter,) = await rig.sessions.dead_letters()
        same = await rig.service.plan_retry(dead_letter)
    async with open_rig(bad, agents=[replace(WRITER, permissions=today)], store=store) as rig:
        current = await rig.service.plan_retry(dead_letter, Edits(current=True))

    assert isinstance(same, SessionPlan)
    assert isinstance(current, SessionPlan)
    assert set(same.session.options.permissions) == {asked, once}
    assert set(current.session.options.permissions) == {asked, today}
