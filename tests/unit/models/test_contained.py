"""Whatever a model of the program raises, its caller gets an error of this package."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from typing_extensions import override

from parallel_agents.core.message import ToolCall, assistant, user
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.usage import MOST_CALL_TOKENS, Usage
from parallel_agents.errors import (
    MissingKey,
    ModelCrashed,
    PagentsError,
    RateLimited,
    Stopping,
    StoreFull,
)
from parallel_agents.models.contained import Contained, make_contained
from parallel_agents.testing import RepliesWith, ScriptedModel

REQUEST = ModelRequest(system="", messages=(user("hello"),))


def raising(error: BaseException) -> Contained:
    def answer(_: ModelRequest) -> ModelReply:
        raise error

    return Contained(RepliesWith(answer))


@pytest.mark.parametrize(
    "error",
    [KeyError("choices"), SystemExit(1), asyncio.CancelledError(), StoreFull("x"), Stopping("x")],
    ids=repr,
)
async def test_an_unexpected_error_is_a_crash_of_the_model(error: BaseException) -> None:
    with pytest.raises(ModelCrashed, match=f"raised {type(error).__name__}"):
        await raising(error).respond(REQUEST)


@pytest.mark.parametrize("error", [RateLimited("slow down"), MissingKey("no key")], ids=repr)
async def test_an_error_that_models_may_raise_passes(error: PagentsError) -> None:
    with pytest.raises(type(error)) as caught:
        await raising(error).respond(REQUEST)

    assert caught.value is error


class Silent(ScriptedModel):
    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        return None  # pyright: ignore[reportReturnType]  # what a user may do


async def test_a_reply_that_is_none_is_a_crash_of_the_model() -> None:
    with pytest.raises(ModelCrashed, match="returned None, which is not a ModelReply"):
        await Contained(Silent([])).respond(REQUEST)


async def test_a_time_limit_passes() -> None:
    slow = Contained(ScriptedModel(["late"], latency_seconds=100))

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(10):
            await slow.respond(REQUEST)


def test_a_factory_that_exits_is_a_crash_of_the_model() -> None:
    def make(name: str) -> ScriptedModel:
        raise SystemExit(name)

    with pytest.raises(ModelCrashed, match="the model mine/large raised SystemExit"):
        make_contained(make)("mine/large")


def test_a_factory_that_makes_no_model_is_told_so() -> None:
    nothing: Any = None

    with pytest.raises(ModelCrashed, match="the model mine/x is None, which is not a Model"):
        make_contained(lambda _: nothing)("mine/x")


def test_a_factory_may_refuse_a_name() -> None:
    def make(name: str) -> ScriptedModel:
        raise MissingKey(name)

    with pytest.raises(MissingKey):
        make_contained(make)("mine/large")


def answering(arguments: dict[str, object]) -> Contained:
    call = ToolCall("1", "tool", arguments)  # pyright: ignore[reportArgumentType]  # what a user may do
    return Contained(ScriptedModel([call]))


async def test_a_reply_that_cannot_be_stored_is_a_crash_of_the_model() -> None:
    with pytest.raises(ModelCrashed, match="returned what cannot be stored: Type is not JSON"):
        await answering({"x": object()}).respond(REQUEST)


async def test_half_characters_of_a_reply_are_made_whole() -> None:
    reply = await answering({"caf\udce9": ["\udce9"]}).respond(REQUEST)

    assert reply.message.tool_calls[0].arguments == {"caf\ufffd": ["\ufffd"]}


@pytest.mark.parametrize(
    ("field", "value"),
    [("model", None), ("tries", "1"), ("finish", "stop"), ("message", "hello"), ("cached", 0)],
)
async def test_a_reply_with_a_field_of_another_type_is_a_crash_of_the_model(
    field: str, value: object
) -> None:
    reply = ModelReply(message=assistant("hello"), model="m")
    object.__setattr__(reply, field, value)

    with pytest.raises(ModelCrashed, match=f"its {field} is {value!r}"):
        await Contained(ScriptedModel([reply])).respond(REQUEST)


class Counting(RepliesWith):
    """A model that says what its calls used."""

    def __init__(self, usage: object) -> None:
        super().__init__(lambda _: "Done.")
        self._usage = usage

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        reply = await super().respond(request, listener)
        object.__setattr__(reply, "usage", self._usage)
        return reply


@pytest.mark.parametrize(
    "usage",
    [
        Usage(10**30),
        Usage(MOST_CALL_TOKENS + 1),
        Usage(0, -5),
        Usage(True),
        Usage(1.5),  # pyright: ignore[reportArgumentType] - what is tested
        Usage(0, 0, float("nan")),  # pyright: ignore[reportArgumentType] - what is tested
        Usage("many", 1),  # pyright: ignore[reportArgumentType] - what is tested
        {"input_tokens": 5},
        None,
    ],
    ids=repr,
)
async def test_a_usage_that_no_call_can_have_is_a_crash_of_the_model(usage: object) -> None:
    with pytest.raises(ModelCrashed, match="which is not the usage of a call"):
        await Contained(Counting(usage)).respond(REQUEST)


async def test_the_most_that_a_call_can_use_passes() -> None:
    usage = Usage(*[MOST_CALL_TOKENS] * 4)

    assert (await Contained(Counting(usage)).respond(REQUEST)).usage == usage
