"""A cached reply costs nothing, and only an identical request gets it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Coroutine
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
    run_virtual,
)

SCHEMA = {"type": "object", "required": ["n"]}
ASKS = ModelRequest(messages=(user("Hello"),), cache_seconds=100.0)
USAGE = Usage(10, 20)


def reply(text: str = "Hi", **changes: Any) -> ModelReply:
    return replace(
        ModelReply(message=assistant(text), model="scripted/model", usage=USAGE), **changes
    )


def with_cache(
    *replies: Answer, latency_seconds: float = 0.0
) -> Callable[[Callable[[Cached, ScriptedModel], Coroutine[Any, Any, None]]], None]:
    """Run a body with a scripted model behind a cache; its script must be used up."""

    def run(body: Callable[[Cached, ScriptedModel], Coroutine[Any, Any, None]]) -> None:
        async def around() -> None:
            store = MemoryStore(asyncio.get_running_loop().time)
            model = ScriptedModel(replies, latency_seconds=latency_seconds)
            await body(Cached(model, store), model)
            model.assert_used_up()
            await store.aclose()

        run_virtual(around())

    return run


def test_a_repeated_request_is_answered_at_no_cost() -> None:
    async def body(cached: Cached, model: ScriptedModel) -> None:
        first, second = await cached.respond(ASKS), await cached.respond(ASKS)

        assert (first.usage, first.cached) == (USAGE, False)
        assert (second.usage, second.cached, second.tries) == (Usage(), True, 0)
        assert second.message == first.message
        assert len(model.requests) == 1

    with_cache(reply())(body)


@pytest.mark.parametrize("seconds", [None, 0.0])
def test_a_request_without_caching_makes_a_new_call(seconds: float | None) -> None:
    async def body(cached: Cached, _: ScriptedModel) -> None:
        await cached.respond(ASKS)

        again = await cached.respond(replace(ASKS, cache_seconds=seconds))

        assert again.message.text == "Ho"

    with_cache(reply("Hi"), reply("Ho"))(body)


def test_the_ages_allowed_by_both_the_reader_and_the_writer_limit_a_cached_reply() -> None:
    async def body(cached: Cached, _: ScriptedModel) -> None:
        await cached.respond(ASKS)
        await asyncio.sleep(60)

        assert (await cached.respond(ASKS)).message.text == "first"
        younger = await cached.respond(replace(ASKS, cache_seconds=50.0))
        assert younger.message.text == "second"
        await asyncio.sleep(51)
        older = await cached.respond(replace(ASKS, cache_seconds=1000.0))
        assert older.message.text == "third"

    with_cache(reply("first"), reply("second"), reply("third"))(body)


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
def test_only_reusable_replies_are_stored(answer: Answer, schema: Any, is_stored: bool) -> None:
    async def body(cached: Cached, _: ScriptedModel) -> None:
        request = replace(ASKS, output_schema=schema)
        await cached.respond(request)

        assert (await cached.respond(request)).cached is is_stored

    with_cache(answer, *([] if is_stored else [reply()]))(body)


def test_identical_requests_in_flight_share_one_call() -> None:
    async def body(cached: Cached, _: ScriptedModel) -> None:
        replies = await asyncio.gather(*(cached.respond(ASKS) for _ in range(50)))

        assert [reply.cached for reply in replies] == [False] + [True] * 49
        assert asyncio.get_running_loop().time() < 11

    with_cache(reply(), latency_seconds=10)(body)


def test_requests_that_share_a_call_share_its_failure_once() -> None:
    async def body(cached: Cached, _: ScriptedModel) -> None:
        calls = [cached.respond(ASKS) for _ in range(3)]
        failures = await asyncio.gather(*calls, return_exceptions=True)

        assert [type(failure) for failure in failures] == [AuthFailed] * 3
        assert (await cached.respond(ASKS)).message.text == "Hi"

    with_cache(AuthFailed("no key"), reply(), latency_seconds=10)(body)


def test_a_cancelled_call_is_made_by_the_next_waiting_request() -> None:
    async def body(cached: Cached, model: ScriptedModel) -> None:
        first = asyncio.ensure_future(cached.respond(ASKS))
        others = [asyncio.ensure_future(cached.respond(ASKS)) for _ in range(2)]
        await asyncio.sleep(5)

        first.cancel()

        replies = await asyncio.gather(*others)
        assert sorted(reply.cached for reply in replies) == [False, True]
        assert len(model.requests) == 2

    with_cache(reply("lost"), reply(), latency_seconds=10)(body)


# In runs


def in_rig(
    body: Callable[[Rig, RepliesWith], Coroutine[Any, Any, None]], agent: Agent | None = None
) -> None:
    def answer(request: ModelRequest) -> Answer:
        return reply(f"{request.messages[0].text} is done")

    async def around() -> None:
        model = RepliesWith(answer, latency_seconds=10)
        async with open_rig(model, agents=[agent or WRITER]) as rig:
            await body(rig, model)

    run_virtual(around())


WRITER = Agent(name="writer", description="Writes", instructions="Write.")


def test_a_run_with_a_cached_answer_costs_nothing() -> None:
    async def body(rig: Rig, model: RepliesWith) -> None:
        task = Task("writer", "tea", cache_seconds=100)
        first = await (await rig.sessions.spawn(task)).wait()

        small = replace(task, budget=Budget(tokens=1))
        handle = await rig.sessions.spawn(small)
        second = await handle.wait()

        assert (first.output, second.output) == ("tea is done", "tea is done")
        assert (second.status, second.usage, second.cost_usd) == (RunStatus.DONE, Usage(), 0.0)
        assert len(model.requests) == 1
        bodies = [event.body for event in await rig.sessions.history(handle.key)]
        (replied,) = [body for body in bodies if isinstance(body, Replied)]
        assert (replied.cached, replied.cost_nanousd) == (True, 0)

    in_rig(body)


@pytest.mark.parametrize(("seconds", "calls"), [(None, 1), (0.0, 2), (1.0, 2), (50.0, 1)])
def test_the_task_overrides_its_agent(seconds: float | None, calls: int) -> None:
    async def body(rig: Rig, model: RepliesWith) -> None:
        await (await rig.sessions.spawn(Task("writer", "tea"))).wait()
        await asyncio.sleep(20)

        await (await rig.sessions.spawn(Task("writer", "tea", cache_seconds=seconds))).wait()

        assert len(model.requests) == calls

    in_rig(body, replace(WRITER, cache_seconds=100.0))


def test_identical_tasks_of_a_team_make_one_call() -> None:
    async def body(rig: Rig, model: RepliesWith) -> None:
        tasks = tuple(Task("writer", "tea", cache_seconds=100) for _ in range(10))

        team = await rig.sessions.team_result(
            await rig.sessions.spawn_team(TeamTask(tasks=tasks, max_parallel=10))
        )

        assert (team.status, team.spend.usage) == (RunStatus.DONE, USAGE)
        assert len(model.requests) == 1

    in_rig(body)


@pytest.mark.parametrize("seconds", [-1, math.inf, math.nan])
def test_an_invalid_age_is_refused(seconds: float) -> None:
    async def body(rig: Rig, _: RepliesWith) -> None:
        with pytest.raises(InvalidInput, match=f"cache_seconds is {seconds:g}"):
            await rig.sessions.spawn(Task("writer", "tea", cache_seconds=seconds))

    in_rig(body)
