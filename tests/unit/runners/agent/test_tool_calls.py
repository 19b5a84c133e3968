"""Whatever a model asks of its tools, it is told what came of it and the run goes on."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import replace

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult
from parallel_agents.core.model import Finish, ModelReply
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.task import Task
from parallel_agents.core.tool import ToolContext, ToolSpec
from parallel_agents.testing import ScriptedModel, open_rig

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


async def test_two_calls_with_one_id_do_not_hold_up_the_run() -> None:
    async def tool(n: int) -> str:
        return str(n)

    told, result = await call_tool(
        tool, ToolCall("same", "tool", {"n": 1}), ToolCall("same", "tool", {"n": 2})
    )

    assert [t.call_id for t in told] == ["same", "same"]
    assert result.status is RunStatus.DONE


async def test_an_agent_whose_tool_this_process_lacks_fails_with_its_name() -> None:
    agent = replace(AGENT, tools=("hammer",))
    async with open_rig(ScriptedModel([]), agents=[agent]) as rig:
        result = await (await rig.sessions.spawn(Task("caller", "go"))).wait()

    assert result.error is not None
    assert result.status is RunStatus.FAILED
    assert result.error.code == "PA-E305"
    assert "'hammer'" in result.error.message


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
