"""PydanticAi: the library's models behind our seam, on its own fakes."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from dataclasses import replace
from typing import Any

import pytest
from pydantic_ai import messages as library
from pydantic_ai.exceptions import (
    ContentFilterError,
    ModelConnectionError,
    ModelHTTPError,
    ModelTimeoutError,
    UnexpectedModelBehavior,
)
from pydantic_ai.models import ModelRequestParameters
from pydantic_ai.models.function import AgentInfo, FunctionModel
from pydantic_ai.models.test import TestModel
from pydantic_ai.profiles import ModelProfile
from pydantic_ai.settings import ModelSettings
from pydantic_ai.usage import RequestUsage
from typing_extensions import override

from parallel_agents.core.agent import ThinkingLevel
from parallel_agents.core.message import (
    Message,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    user,
)
from parallel_agents.core.model import Finish, ModelRequest
from parallel_agents.core.tool import ToolSpec
from parallel_agents.errors import (
    CallTimedOut,
    MalformedReply,
    MissingExtra,
    ModelRefused,
    ModelSlipped,
    RateLimited,
    RequestRejected,
    Unreachable,
)
from parallel_agents.models.foreign.pydantic_ai import PydanticAi
from parallel_agents.testing.listener import RecordingListener

NAME = "pydantic-ai/acme:m"
LOOK = ToolSpec("look", "Look.", {"type": "object", "properties": {"at": {"type": "string"}}})
HELLO = ModelRequest(messages=(user("hello"),), system="Be brief.", tools=(LOOK,))
KEPT = '{"id":"rs_1","signature":"gAAA","provider_name":"acme","provider_details":{"a":1}}'
THOUGHT = library.ThinkingPart(
    "hm", id="rs_1", signature="gAAA", provider_name="acme", provider_details={"a": 1}
)
CALL = library.ToolCallPart("look", '{"at": "it"}', "call_1")


def model_of(answer: Callable[[list[library.ModelMessage], AgentInfo], Any]) -> PydanticAi:
    """A model whose replies are what `answer` returns, or raises."""

    async def reply(messages: list[library.ModelMessage], info: AgentInfo) -> library.ModelResponse:
        response: library.ModelResponse = answer(messages, info)
        return response

    profile = ModelProfile(supports_thinking=True)
    return PydanticAi(NAME, lambda _: FunctionModel(reply, profile=profile))


def saying(*parts: library.ModelResponsePart, **fields: Any) -> PydanticAi:
    return model_of(lambda _, __: library.ModelResponse(parts=list(parts), **fields))


def raising(error: Exception) -> PydanticAi:
    def answer(_: list[library.ModelMessage], __: AgentInfo) -> None:
        raise error

    return model_of(answer)


async def test_a_reply_has_its_parts_its_usage_and_its_end() -> None:
    usage = RequestUsage(input_tokens=10, cache_read_tokens=4, output_tokens=7)
    model = saying(
        THOUGHT, library.TextPart("I look."), CALL, finish_reason="tool_call", usage=usage
    )

    reply = await model.respond(HELLO)

    call = ToolCall("call_1", "look", {"at": "it"})
    assert reply.message.parts == (Thinking("hm", KEPT), Text("I look."), call)
    assert reply.message.model == reply.model == NAME
    assert reply.finish is Finish.TOOLS
    assert reply.usage.output_tokens == 7


async def test_a_transcript_is_told_in_the_librarys_messages() -> None:
    seen: list[library.ModelMessage] = []
    infos: list[AgentInfo] = []

    def answer(messages: list[library.ModelMessage], info: AgentInfo) -> library.ModelResponse:
        seen.extend(messages)
        infos.append(info)
        return library.ModelResponse(parts=[library.TextPart("yes")], finish_reason="stop")

    call = ToolCall("call_1", "look", {"at": "it"})
    foreign = Message(Role.ASSISTANT, (Thinking("hm", "signed"), call), "other/m")
    own = Message(Role.ASSISTANT, (Thinking("hm", KEPT), Text("Hm."), replace(call, id="2")), NAME)
    results = (ToolResult("2", "look", "gone", is_error=True),)
    request = replace(
        HELLO,
        messages=(user("look"), foreign, own, Message(Role.TOOL, results)),
        temperature=0.5,
        thinking=ThinkingLevel.HIGH,
    )

    await model_of(answer).respond(request)

    asked, first, second, told = seen
    assert isinstance(asked, library.ModelRequest)
    assert asked.instructions == "Be brief."
    assert isinstance(first, library.ModelResponse)
    assert [type(part) for part in first.parts] == [library.ToolCallPart]
    assert second.parts[0] == THOUGHT
    (result,) = told.parts
    assert isinstance(result, library.ToolReturnPart)
    assert (result.tool_call_id, result.content, result.outcome) == ("2", "gone", "failed")
    (info,) = infos
    assert info.model_settings == {
        "max_tokens": 4096,
        "max_retries": 0,
        "temperature": 0.5,
    }
    assert info.model_request_parameters.thinking == "high"
    assert [tool.name for tool in info.function_tools] == ["look"]


async def test_a_stream_shows_its_text_and_is_the_same_reply() -> None:
    async def stream(_: list[library.ModelMessage], __: AgentInfo) -> AsyncIterator[str]:
        for piece in ("hel", "lo ", "there"):
            yield piece

    ear = RecordingListener(wants_text=True)
    model = PydanticAi(NAME, lambda _: FunctionModel(stream_function=stream))

    reply = await model.respond(HELLO, ear)

    assert reply.message.parts == (Text("hello there"),)
    assert "".join(ear.pieces) == "hello there"
    assert len(ear.pieces) == 3


async def test_a_schema_is_asked_for_in_words() -> None:
    asked: list[str] = []

    def answer(messages: list[library.ModelMessage], _: AgentInfo) -> library.ModelResponse:
        (message,) = messages
        assert isinstance(message, library.ModelRequest)
        asked.append(message.instructions or "")
        return library.ModelResponse(parts=[library.TextPart("{}")])

    await model_of(answer).respond(replace(HELLO, output_schema={"type": "object"}))

    assert "JSON Schema" in asked[0]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ModelHTTPError(429, "m", {"error": {"message": "slow down"}}), RateLimited),
        (ModelHTTPError(400, "m", {"error": {"message": "no"}}), RequestRejected),
        (ModelTimeoutError("m", "too slow"), CallTimedOut),
        (ModelConnectionError("m", "no way"), Unreachable),
        (ContentFilterError("no"), ModelRefused),
        (UnexpectedModelBehavior("what"), MalformedReply),
    ],
)
async def test_an_error_of_the_library_is_one_of_ours_with_its_words(
    error: Exception, expected: type[Exception]
) -> None:
    with pytest.raises(expected, match=r"slow down|no|too slow|no way|what"):
        await raising(error).respond(HELLO)


async def test_an_end_that_is_not_complete_is_no_answer() -> None:
    text = library.TextPart("half")

    assert (await saying(text, finish_reason="length").respond(HELLO)).finish is Finish.LENGTH
    with pytest.raises(ModelRefused):
        await saying(text, finish_reason="content_filter").respond(HELLO)
    with pytest.raises(ModelSlipped):
        await saying(text, finish_reason="tool_call").respond(HELLO)


class Uncounted(TestModel):
    """A model whose server counts nothing."""

    @override
    async def request(
        self,
        messages: list[library.ModelMessage],
        model_settings: ModelSettings | None,
        model_request_parameters: ModelRequestParameters,
    ) -> library.ModelResponse:
        return library.ModelResponse(parts=[library.TextPart("a")], finish_reason="stop")


async def test_usage_without_a_count_is_an_estimate() -> None:
    model = PydanticAi(NAME, lambda _: Uncounted())

    reply = await model.respond(HELLO)

    assert reply.is_estimated
    assert reply.usage.total_tokens


async def test_the_librarys_own_fake_calls_each_tool_once() -> None:
    reply = await PydanticAi("pydantic-ai/test").respond(HELLO)

    assert [call.name for call in reply.message.tool_calls] == ["look"]


async def test_a_model_that_the_library_does_not_know_is_refused_with_its_words() -> None:
    with pytest.raises(RequestRejected) as caught:
        await PydanticAi("pydantic-ai/nobody:m").start()

    assert "nobody:m" in caught.value.why


async def test_a_model_whose_package_is_missing_says_what_to_install() -> None:
    def make(_: str) -> TestModel:
        raise ImportError("Please install `boto3` to use the Bedrock model")

    with pytest.raises(MissingExtra) as caught:
        await PydanticAi("pydantic-ai/bedrock:m", make).start()

    assert "boto3" in caught.value.why
