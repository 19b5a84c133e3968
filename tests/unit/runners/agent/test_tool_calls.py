"""Whatever a model asks of its tools, it is told what came of it and the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import cast

import orjson
import pytest
from hypothesis import given, settings, strategies as st

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import ToolFinished
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult
from parallel_agents.core.model import Capabilities, Finish, ModelReply, ModelRequest
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.core.tool import AccessName, ToolContext, ToolSpec
from parallel_agents.errors import ToolUnavailable
from parallel_agents.runners.agent.tool_calls import UNKNOWN, ToolCalls
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import Answer, RepliesWith, ScriptedModel, open_rig, run_virtual
from parallel_agents.tools.function import tool

AGENT = Agent(name="caller", description="Calls", instructions="Call.", tools=("tool",))
NO_ARGUMENTS: JsonObject = {"type": "object", "properties": {}}


def replies(*calls: ToolCall) -> ModelReply:
    return ModelReply(message=Message(Role.ASSISTANT, calls), model="m", finish=Finish.TOOLS)


async def call_tool(
    tool: Callable[..., object], *calls: ToolCall, limits: Limits = Limits()
) -> tuple[list[ToolResult], Result]:
    """What the model was told of its calls, and how the run ended, on virtual time."""
    model = ScriptedModel([replies(*calls), "done"])

    async with open_rig(model, agents=[AGENT], tools=[tool]) as rig:
        result = await (await rig.sessions.spawn(Task("caller", "go", limits=limits))).wait()
    model.assert_used_up()
    told = [part for part in model.requests[1].messages[-1].parts if isinstance(part, ToolResult)]
    return told, result


async def test_the_model_is_offered_the_agents_tools_and_told_their_results() -> None:
    def tool(a: int, b: str = "x") -> dict[str, object]:
        """Add things.

        Not told.
        """
        return {"a": a + 1, "b": b}

    model = ScriptedModel([replies(ToolCall("1", "tool", {"a": 1})), "done"])

    async with open_rig(model, agents=[AGENT], tools=[tool]) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    (spec,) = model.requests[0].tools
    assert spec.name == "tool"
    assert spec.description == "Add things."
    assert model.requests[1].messages[-1] == Message(
        Role.TOOL, (ToolResult("1", "tool", '{"a":2,"b":"x"}'),)
    )


async def test_calls_of_one_reply_are_made_side_by_side_and_told_in_their_order() -> None:
    async def tool(seconds: int) -> str:
        await asyncio.sleep(seconds)
        return f"{seconds} s"

    calls = [ToolCall(str(n), "tool", {"seconds": n}) for n in (30, 10, 20)]

    told, result = await call_tool(tool, *calls)

    assert [t.content for t in told] == ["30 s", "10 s", "20 s"]
    assert result.seconds == 30


async def test_arguments_that_do_not_fit_are_refused_and_the_tool_is_not_called() -> None:
    def tool(count: int) -> str:
        raise AssertionError(f"called with {count}")

    told, result = await call_tool(
        tool,
        ToolCall("1", "tool", {"count": "many"}),
        ToolCall("2", "tool", {}),
        ToolCall("3", "tool", {"count": 1, "other": 2}),
    )

    assert all(t.is_error for t in told)
    assert '"many" is not of type "integer"' in told[0].content
    assert '"count" is a required property' in told[1].content
    assert "other" in told[2].content
    assert result.status is RunStatus.DONE


async def test_a_tool_that_is_not_there_is_named_with_those_that_are() -> None:
    def tool() -> str:
        return "x"

    (told,), _ = await call_tool(tool, ToolCall("1", "toll", {}))

    assert told.is_error
    assert told.content == "There is no tool 'toll'. Tools: tool."


@pytest.mark.parametrize("error", [ValueError("no such page"), TimeoutError("server is slow")])
async def test_a_tool_that_raises_is_told_as_an_error(error: Exception) -> None:
    async def tool() -> str:
        raise error

    (told,), result = await call_tool(tool, ToolCall("1", "tool", {}))

    assert told.is_error
    assert told.content == f"{type(error).__name__}: {error}"
    assert result.status is RunStatus.DONE


async def test_a_tool_that_takes_too_long_is_broken_off() -> None:
    async def tool() -> str:
        await asyncio.sleep(100)
        raise AssertionError("should be cancelled by now")

    (told,), result = await call_tool(
        tool, ToolCall("1", "tool", {}), limits=Limits(call_timeout_seconds=10)
    )

    assert told.is_error
    assert told.content == "The tool gave no result in 10 s."
    assert result.seconds == 10


async def test_a_run_out_of_time_breaks_off_its_tool() -> None:
    was_cancelled: list[bool] = []

    async def tool() -> str:
        try:
            await asyncio.sleep(1000)
        except asyncio.CancelledError:
            was_cancelled.append(True)
            raise
        return "never"

    model = ScriptedModel([replies(ToolCall("1", "tool", {}))])

    async with open_rig(model, agents=[AGENT], tools=[tool]) as rig:
        limits = Limits(timeout_seconds=20)
        result = await (await rig.sessions.spawn(Task("caller", "go", limits=limits))).wait()

    assert result.status is RunStatus.TIMED_OUT
    assert result.seconds == 20
    assert was_cancelled == [True]


async def test_two_calls_with_one_id_have_their_own_results() -> None:
    async def tool(n: int) -> str:
        return str(n)

    told, result = await call_tool(
        tool, ToolCall("same", "tool", {"n": 1}), ToolCall("same", "tool", {"n": 2})
    )

    assert [(t.call_id, t.content) for t in told] == [("same", "1"), ("same_2", "2")]
    assert result.status is RunStatus.DONE


async def test_of_two_calls_with_one_id_a_crash_forgets_neither() -> None:
    paid: list[str] = []

    async def tool(to: str) -> str:
        paid.append(to)
        if to == "B":
            await asyncio.sleep(3600)
        return f"paid {to}"

    pay_both = replies(ToolCall("0", "tool", {"to": "A"}), ToolCall("0", "tool", {"to": "B"}))
    store = MemoryStore(asyncio.get_running_loop().time)
    with suppress(ZeroDivisionError):
        async with open_rig(
            ScriptedModel([pay_both]), agents=[AGENT], tools=[tool], store=store
        ) as rig:
            await rig.sessions.spawn(Task("caller", "go", key="k"))
            await asyncio.sleep(10)
            raise ZeroDivisionError
    model = ScriptedModel(["done"])

    async with open_rig(model, agents=[AGENT], tools=[tool], store=store) as rig:
        await (await rig.sessions.spawn(Task("caller", "go", key="k"))).wait()

    told = [
        part.content
        for part in model.requests[0].messages[-1].parts
        if isinstance(part, ToolResult)
    ]
    assert told == ["paid A", UNKNOWN]
    assert paid == ["A", "B"]


async def test_a_call_is_named_by_its_turn_and_its_place_in_the_reply() -> None:
    names: list[str] = []

    class Badge:
        spec = ToolSpec("tool", "Shows its call", NO_ARGUMENTS)

        async def call(self, arguments: JsonObject, context: ToolContext) -> str:
            names.append(context.call)
            return ""

    twice = replies(ToolCall("0", "tool", {}), ToolCall("0", "tool", {}))
    model = ScriptedModel([twice, replies(ToolCall("0", "tool", {})), "done"])

    async with open_rig(model, agents=[AGENT], tools=[Badge()]) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    assert names == ["turn-1/call/1", "turn-1/call/2", "turn-2/call/1"]


def test_an_agent_whose_tool_this_process_lacks_cannot_be_executed() -> None:
    with pytest.raises(ToolUnavailable, match="no tool 'hammer' in this process"):
        ToolCalls(("hammer",), Tooling(tools={}), timeout_seconds=None)


async def test_a_tool_is_told_who_calls() -> None:
    class Badge:
        """A tool that is no function."""

        spec = ToolSpec("tool", "Shows who calls", NO_ARGUMENTS)

        async def call(self, arguments: JsonObject, context: ToolContext) -> str:
            return f"{context.session} {context.run} {arguments}"

    model = ScriptedModel([replies(ToolCall("1", "tool", {})), "done"])

    async with open_rig(model, agents=[AGENT], tools=[Badge()]) as rig:
        result = await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    (told,) = model.requests[1].messages[-1].parts
    assert isinstance(told, ToolResult)
    assert told.content == f"{result.session_key} {result.run_id} {{}}"


@pytest.mark.parametrize(
    "error",
    [SystemExit(2), KeyboardInterrupt(), asyncio.CancelledError(), StopIteration()],
    ids=repr,
)
@pytest.mark.parametrize("is_async", [True, False])
async def test_a_tool_that_raises_what_would_end_the_run_is_told_as_an_error(
    error: BaseException, is_async: bool
) -> None:
    def blocking() -> str:
        raise error

    async def on_loop() -> str:
        raise error

    (told,), result = await call_tool(
        tool_named("tool", on_loop if is_async else blocking), ToolCall("1", "tool", {})
    )

    assert told.is_error
    assert type(error).__name__ in told.content
    assert result.status is RunStatus.DONE


def tool_named(name: str, function: Callable[..., object]) -> Callable[..., object]:
    function.__name__ = name
    return function


async def test_the_time_in_which_a_call_waits_for_its_turn_is_not_the_tools_time() -> None:
    class Queues:
        spec = ToolSpec("tool", "", NO_ARGUMENTS)

        async def call(self, arguments: JsonObject, context: ToolContext) -> str:
            assert context.caller is not None
            with context.caller.queued():
                await asyncio.sleep(100)
            await asyncio.sleep(9)
            return "in time"

    model = ScriptedModel([replies(ToolCall("1", "tool", {})), "done"])
    task = Task("caller", "go", limits=Limits(call_timeout_seconds=10))
    async with open_rig(model, agents=[AGENT], tools=[Queues()]) as rig:
        result = await (await rig.sessions.spawn(task)).wait()

    assert result.seconds == 109
    assert model.requests[1].messages[-1].parts == (ToolResult("1", "tool", "in time"),)


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (None, "null"),
        ({"n": 1}, '{"n":1}'),
        (b"x", '"x"'),
        (print, "(not JSON) <built-in function print>"),
    ],
)
async def test_a_tool_of_another_kind_may_return_what_is_no_text(value: object, told: str) -> None:
    class Loose:
        spec = ToolSpec("tool", "Returns anything", NO_ARGUMENTS)

        async def call(self, arguments: JsonObject, context: ToolContext) -> str:
            del arguments, context
            return cast("str", value)

    model = ScriptedModel([replies(ToolCall("1", "tool", {})), "done"])

    async with open_rig(model, agents=[AGENT], tools=[Loose()]) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    assert model.requests[1].messages[-1].parts == (ToolResult("1", "tool", told),)


async def test_a_long_result_is_told_in_part_and_kept_whole() -> None:
    async def tool() -> str:
        return "x" * 100_000

    model = ScriptedModel([replies(ToolCall("1", "tool", {})), "done"])

    async with open_rig(model, agents=[AGENT], tools=[tool]) as rig:
        handle = await rig.sessions.spawn(Task("caller", "go"))
        await handle.wait()
        events = await rig.sessions.history(handle.key)

    (told,) = model.requests[1].messages[-1].parts
    (finished,) = [e.body for e in events if isinstance(e.body, ToolFinished)]
    assert isinstance(told, ToolResult)
    assert len(told.content) < 66_800
    assert " of 100,000 characters left out here; ask for less to read it]" in told.content
    assert len(finished.result.content) == 100_000


async def test_a_model_with_a_small_context_is_told_less() -> None:
    async def tool() -> str:
        return "x" * 100_000

    small = Capabilities(context_tokens=8_000)
    model = ScriptedModel([replies(ToolCall("1", "tool", {})), "done"], capabilities=small)

    async with open_rig(model, agents=[AGENT], tools=[tool]) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    (told,) = model.requests[1].messages[-1].parts
    assert isinstance(told, ToolResult)
    assert "[93,3" in told.content


async def test_who_has_the_session_tools_is_told_how_to_read_on() -> None:
    async def tool() -> str:
        return "x" * 100_000 + "THE END"

    lead = replace(AGENT, policy=Policy(spawns=("caller",)))
    requests: list[ModelRequest] = []

    def answer(request: ModelRequest) -> Answer:
        requests.append(request)
        told = "".join(str(part) for part in request.messages[-1].parts)
        if len(requests) == 1:
            return replies(ToolCall("1", "tool", {}))
        if len(requests) == 2:
            arguments: JsonObject = orjson.loads(told.split("sessions_history ")[1].split("]")[0])
            rest = {**arguments, "textOffset": 100_000 - 7_900}
            return replies(ToolCall("2", "sessions_history", rest))
        return "done"

    async with open_rig(RepliesWith(answer), agents=[lead], tools=[tool]) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    assert "THE END" in "".join(str(part) for part in requests[2].messages[-1].parts)


@pytest.mark.slow
@given(
    turns=st.lists(
        st.lists(st.sampled_from(["", "0", "a", "a_2", "a_2_2"]), min_size=1, max_size=5),
        min_size=1,
        max_size=5,
    )
)
@settings(deadline=None, max_examples=50)
def test_whatever_ids_calls_have_each_is_told_its_own_result_and_has_its_own_events(
    turns: list[list[str]],
) -> None:
    async def tool(at: str) -> str:
        return f"result of {at}"

    model = ScriptedModel(
        [
            *(
                replies(*(ToolCall(i, "tool", {"at": f"{t}.{n}"}) for n, i in enumerate(ids)))
                for t, ids in enumerate(turns)
            ),
            "done",
        ]
    )

    async def ask() -> list[str]:
        async with open_rig(model, agents=[AGENT], tools=[tool]) as rig:
            handle = await rig.sessions.spawn(Task("caller", "go"))
            await handle.wait()
            return [event.key for event in await rig.sessions.history(handle.key)]

    keys = run_virtual(ask())

    asked = [call for message in model.requests[-1].messages for call in message.tool_calls]
    told = [
        part
        for message in model.requests[-1].messages
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    assert len({call.id for call in asked}) == len(asked) == sum(map(len, turns))
    assert [part.call_id for part in told] == [call.id for call in asked]
    assert [part.content for part in told] == [
        f"result of {call.arguments['at']}" for call in asked
    ]
    assert sum("/call/" in key for key in keys) == 2 * len(asked)


@pytest.mark.parametrize(("access", "is_told"), [("read", True), ("none", False)])
async def test_a_model_that_repeats_a_call_is_told_so(access: AccessName, is_told: bool) -> None:
    @tool(access=access)
    def look() -> str:
        """Look."""
        return "nothing"

    script = [replies(ToolCall(str(n), "look", {})) for n in range(3)]
    model = ScriptedModel([*script, "done"])

    async with open_rig(model, agents=[replace(AGENT, tools=("look",))], tools=[look]) as rig:
        await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    results = [
        part.content
        for message in model.requests[-1].messages
        for part in message.parts
        if isinstance(part, ToolResult)
    ]
    advice = "\n[You have made this call 3 times in a row. If its result does not help, do something else.]"
    assert results == ["nothing", "nothing", f"nothing{advice}" if is_told else "nothing"]
