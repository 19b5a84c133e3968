"""A cached reply costs nothing, and only an identical request gets it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import pytest

from parallel_agents.core.agent import Agent, ThinkingLevel
from parallel_agents.core.budget import Budget
from parallel_agents.core.cache import key_of
from parallel_agents.core.event import Replied
from parallel_agents.core.message import ToolCall, assistant, user
from parallel_agents.core.model import Finish, ModelReply, ModelRequest
from parallel_agents.core.run import RunStatus
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import AuthFailed, InvalidInput
from parallel_agents.models.cached import Cached
from parallel_agents.testing import (
    Answer,
    MemoryStore,
    RepliesWith,
    Rig,
    ScriptedModel,
    open_rig,
)

SCHEMA = {"type": "object", "required": ["n"]}
ASKS = ModelRequest(messages=(user("Hello"),), cache_seconds=100.0)
USAGE = Usage(10, 20)


def reply(text: str = "Hi", **changes: Any) -> ModelReply:
    return replace(
        ModelReply(message=assistant(text), model="scripted/model", usage=USAGE), **changes
    )


@asynccontextmanager
async def open_cached(
    *replies: Answer, latency_seconds: float = 0.0
) -> AsyncGenerator[tuple[Cached, ScriptedModel]]:
    """Open a scripted model behind a cache; its script must be used up."""
    store = MemoryStore(asyncio.get_running_loop().time)
    model = ScriptedModel(replies, latency_seconds=latency_seconds)
    yield Cached(model, store), model
    model.assert_used_up()
    await store.aclose()


async def test_a_repeated_request_is_answered_at_no_cost() -> None:
    async with open_cached(reply()) as (cached, model):
        first, second = await cached.respond(ASKS), await cached.respond(ASKS)

        assert first.usage == USAGE
        assert first.cached is False
        assert second.usage == Usage()
        assert second.cached is True
        assert second.tries == 0
        assert second.message == first.message
        assert len(model.requests) == 1


@pytest.mark.parametrize("seconds", [None, 0.0])
async def test_a_request_without_caching_makes_a_new_call(seconds: float | None) -> None:
    async with open_cached(reply("Hi"), reply("Ho")) as (cached, _):
        await cached.respond(ASKS)

        again = await cached.respond(replace(ASKS, cache_seconds=seconds))

        assert again.message.text == "Ho"


async def test_the_ages_allowed_by_both_the_reader_and_the_writer_limit_a_cached_reply() -> None:
    async with open_cached(reply("first"), reply("second"), reply("third")) as (cached, _):
        await cached.respond(ASKS)
        await asyncio.sleep(60)

        assert (await cached.respond(ASKS)).message.text == "first"
        younger = await cached.respond(replace(ASKS, cache_seconds=50.0))
        assert younger.message.text == "second"
        await asyncio.sleep(51)
        older = await cached.respond(replace(ASKS, cache_seconds=1000.0))
        assert older.message.text == "third"


@pytest.mark.parametrize(
    "change",
    [
        {"system": "Be brief."},
        {"messages": (user("Hello?"),)},
        {"tools": (ToolSpec("look", "Look.", {"type": "object"}),)},
        {"output_schema": SCHEMA},
        {"max_output_tokens": 5},
        {"temperature": 0.5},
        {"thinking": ThinkingLevel.LOW},
    ],
)
def test_each_part_of_the_request_is_part_of_the_key(change: dict[str, Any]) -> None:
    assert key_of("a/b", replace(ASKS, **change)) != key_of("a/b", ASKS)


def test_the_model_is_part_of_the_key_and_unsent_fields_are_not() -> None:
    assert key_of("a/c", ASKS) != key_of("a/b", ASKS)
    assert key_of("a/b", replace(ASKS, timeout_seconds=1.0)) == key_of("a/b", ASKS)


@pytest.mark.parametrize(
    ("answer", "schema", "is_stored"),
    [
        (reply("cut", finish=Finish.LENGTH), None, False),
        (reply("no", finish=Finish.REFUSED), None, False),
        (reply("no JSON"), SCHEMA, False),
        (reply('{"n": 1}'), SCHEMA, True),
        (ToolCall("1", "look", {}), SCHEMA, True),
    ],
)
async def test_only_reusable_replies_are_stored(
    answer: Answer, schema: Any, is_stored: bool
) -> None:
    async with open_cached(answer, *([] if is_stored else [reply()])) as (cached, _):
        request = replace(ASKS, output_schema=schema)
        await cached.respond(request)

        assert (await cached.respond(request)).cached is is_stored


async def test_identical_requests_in_flight_share_one_call() -> None:
    async with open_cached(reply(), latency_seconds=10) as (cached, _):
        replies = await asyncio.gather(*(cached.respond(ASKS) for _ in range(50)))

        assert [reply.cached for reply in replies] == [False] + [True] * 49
        assert asyncio.get_running_loop().time() < 11


async def test_requests_that_share_a_call_share_its_failure_once() -> None:
    async with open_cached(AuthFailed("no key"), reply(), latency_seconds=10) as (cached, _):
        calls = [cached.respond(ASKS) for _ in range(3)]
        failures = await asyncio.gather(*calls, return_exceptions=True)

        assert [type(failure) for failure in failures] == [AuthFailed] * 3
        assert (await cached.respond(ASKS)).message.text == "Hi"


async def test_a_cancelled_call_is_made_by_the_next_waiting_request() -> None:
    async with open_cached(reply("lost"), reply(), latency_seconds=10) as (cached, model):
        first = asyncio.ensure_future(cached.respond(ASKS))
        others = [asyncio.ensure_future(cached.respond(ASKS)) for _ in range(2)]
        await asyncio.sleep(5)

        first.cancel()

        replies = await asyncio.gather(*others)
        assert sorted(reply.cached for reply in replies) == [False, True]
        assert len(model.requests) == 2


# In runs


@asynccontextmanager
async def open_test_rig(agent: Agent | None = None) -> AsyncGenerator[tuple[Rig, RepliesWith]]:
    def answer(request: ModelRequest) -> Answer:
        return reply(f"{request.messages[0].text} is done")

    model = RepliesWith(answer, latency_seconds=10)
    async with open_rig(model, agents=[agent or WRITER]) as rig:
        yield rig, model


WRITER = Agent(name="writer", description="Writes", instructions="Write.")


async def test_a_run_with_a_cached_answer_costs_nothing() -> None:
    async def body(rig: Rig, model: RepliesWith) -> None:
        task = Task("writer", "tea", cache_seconds=100)
        first = await (await rig.sessions.spawn(task)).wait()

        small = replace(task, budget=Budget(tokens=1))
        handle = await rig.sessions.spawn(small)
        second = await handle.wait()

        assert first.output == "tea is done"
        assert second.output == "tea is done"
        assert second.status is RunStatus.DONE
        assert second.usage == Usage()
        assert second.cost_usd == 0.0
        assert len(model.requests) == 1
        bodies = [event.body for event in await rig.sessions.history(handle.key)]
        (replied,) = [body for body in bodies if isinstance(body, Replied)]
        assert replied.cached is True
        assert replied.cost_nanousd == 0

    async with open_test_rig() as (rig, model):
        await body(rig, model)


@pytest.mark.parametrize(("seconds", "calls"), [(None, 1), (0.0, 2), (1.0, 2), (50.0, 1)])
async def test_the_task_overrides_its_agent(seconds: float | None, calls: int) -> None:
    async with open_test_rig(replace(WRITER, cache_seconds=100.0)) as (rig, model):
        await (await rig.sessions.spawn(Task("writer", "tea"))).wait()
        await asyncio.sleep(20)

        await (await rig.sessions.spawn(Task("writer", "tea", cache_seconds=seconds))).wait()

        assert len(model.requests) == calls


async def test_identical_tasks_of_a_team_make_one_call() -> None:
    async with open_test_rig() as (rig, model):
        tasks = tuple(Task("writer", "tea", cache_seconds=100) for _ in range(10))

        team = await rig.sessions.team_result(
            await rig.sessions.spawn_team(TeamTask(tasks=tasks, max_parallel=10))
        )

        assert team.status is RunStatus.DONE
        assert team.spend.usage == USAGE
        assert len(model.requests) == 1


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_an_invalid_age_is_refused(seconds: float) -> None:
    with pytest.raises(InvalidInput, match=f"cache_seconds .*{seconds:g}"):
        Task("writer", "tea", cache_seconds=seconds)
