"""What every Model promises, asked of each wire, wrapper and fake."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest
from pydantic_ai import messages as library
from pydantic_ai.exceptions import ModelHTTPError
from pydantic_ai.models.function import AgentInfo, FunctionModel
from typing_extensions import override

from parallel_agents.core.message import ToolCall, user
from parallel_agents.core.model import Finish, Model, ModelReply, ModelRequest
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.errors import ProviderError, RequestRejected
from parallel_agents.models.cached import Cached
from parallel_agents.models.circuit_broken import CircuitBroken
from parallel_agents.models.foreign.pydantic_ai import PydanticAi
from parallel_agents.models.governor import Governor
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Wire
from parallel_agents.models.retrying import Retrying
from parallel_agents.models.throttled import Throttled
from parallel_agents.models.timed import Timed
from parallel_agents.models.wires.model import WireModel
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing.behaviour import Behaviour, Fault, HttpError, Reply, last_text
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.provider import LoopbackProvider
from parallel_agents.testing.scripted import Answer, RepliesWith, ScriptedModel, to_reply
from tests.integration.wire_rig import base_of, endpoint_of

NAME = "acme/model-1"
LOOK = ToolSpec("look", "Look.", {"type": "object"})
CALL = ToolCall("1", "look", {"at": "it"})


class Forgetful:
    """A cache that has nothing."""

    async def cached_reply(self, key: str, *, seconds: float) -> None:
        del key, seconds

    async def keep_reply(self, key: str, reply: ModelReply, *, seconds: float) -> None:
        del key, reply, seconds


Make = Callable[[LoopbackProvider, Http], Model]
OpenModel = Callable[[], AbstractAsyncContextManager[Model]]


def saying(text: str) -> ModelRequest:
    return ModelRequest(messages=(user(text),), tools=(LOOK,), cache_seconds=60)


# Every model here says what it is told, calls `look` when told "look", and fails when told "fail".


def reply_of_server(body: JsonObject) -> Reply:
    return (CALL,) if last_text(body) == "look" else last_text(body)


def fault_of_server(_: int, body: JsonObject) -> Fault | None:
    return HttpError(400, "told to") if last_text(body) == "fail" else None


def reply_of_fake(request: ModelRequest) -> Answer:
    text = request.messages[-1].text
    if text == "fail":
        return RequestRejected("told to")
    return CALL if text == "look" else text


def make_wire(wire: Wire, provider: LoopbackProvider, http: Http) -> Model:
    return WireModel(NAME, endpoint_of(wire, base_of(wire, provider)), http)


def make_chat(provider: LoopbackProvider, http: Http) -> Model:
    return make_wire(Wire.CHAT, provider, http)


def make_anthropic(provider: LoopbackProvider, http: Http) -> Model:
    return make_wire(Wire.ANTHROPIC, provider, http)


def make_responses(provider: LoopbackProvider, http: Http) -> Model:
    return make_wire(Wire.RESPONSES, provider, http)


def make_gemini(provider: LoopbackProvider, http: Http) -> Model:
    return make_wire(Wire.GEMINI, provider, http)


def make_retrying(provider: LoopbackProvider, http: Http) -> Model:
    return Retrying(make_chat(provider, http))


def make_timed(provider: LoopbackProvider, http: Http) -> Model:
    return Timed(make_chat(provider, http))


def make_governed(provider: LoopbackProvider, http: Http) -> Model:
    limit = RateLimit(requests_per_minute=1000, tokens_per_minute=1_000_000)
    return Throttled(make_chat(provider, http), Governor(MemoryStore(), lambda _: limit))


def make_breaking(provider: LoopbackProvider, http: Http) -> Model:
    return CircuitBroken(make_chat(provider, http), Governor(MemoryStore()))


def make_cached(provider: LoopbackProvider, http: Http) -> Model:
    return Cached(make_chat(provider, http), Forgetful())


def make_replies_with(provider: LoopbackProvider, http: Http) -> Model:
    del provider, http
    return RepliesWith(reply_of_fake, NAME, latency_seconds=0.01)


def make_scripted(provider: LoopbackProvider, http: Http) -> Model:
    del provider, http

    def entry(request: ModelRequest) -> ModelReply:
        return to_reply(reply_of_fake(request), NAME)

    return ScriptedModel([entry] * 2, NAME, latency_seconds=0.01)


def said_to(messages: list[library.ModelMessage]) -> str:
    (part,) = messages[-1].parts
    assert isinstance(part, library.UserPromptPart)
    assert isinstance(part.content, str)
    if part.content == "fail":
        raise ModelHTTPError(400, "model-1", {"error": {"message": "told to"}})
    return part.content


async def reply_of_library(
    messages: list[library.ModelMessage], _: AgentInfo
) -> library.ModelResponse:
    text = said_to(messages)
    await asyncio.sleep(0.01)
    call = library.ToolCallPart(CALL.name, {**CALL.arguments}, CALL.id)
    return library.ModelResponse(parts=[call if text == "look" else library.TextPart(text)])


async def stream_of_library(
    messages: list[library.ModelMessage], _: AgentInfo
) -> AsyncGenerator[str]:
    for word in re.findall(r"\S+\s*", said_to(messages)):
        yield word


def make_pydantic_ai(provider: LoopbackProvider, http: Http) -> Model:
    del provider, http
    fake = FunctionModel(reply_of_library, stream_function=stream_of_library)
    return PydanticAi(NAME, lambda _: fake)


MAKERS = [
    make_chat,
    make_anthropic,
    make_responses,
    make_gemini,
    make_retrying,
    make_timed,
    make_governed,
    make_breaking,
    make_cached,
    make_pydantic_ai,
    make_replies_with,
    make_scripted,
]


@pytest.fixture(params=MAKERS, ids=lambda make: make.__name__.removeprefix("make_"))
def open_model(request: pytest.FixtureRequest) -> Callable[[], AbstractAsyncContextManager[Model]]:
    """Open a model of each kind."""
    make: Make = request.param

    @asynccontextmanager
    async def with_model() -> AsyncGenerator[Model]:
        behaviour = Behaviour(
            latency_seconds=0.01, answer=reply_of_server, fault=fault_of_server, chunk_characters=4
        )
        http = Http()
        async with LoopbackProvider(behaviour) as provider, asyncio.timeout(10):
            model = make(provider, http)
            await model.start()
            await model.start()
            try:
                yield model
            finally:
                await model.aclose()
                await http.aclose()

    return with_model


class NeverRetries(RecordingListener):
    """A listener that takes no retry."""

    @override
    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        raise AssertionError("nothing here is worth another try")


async def test_a_model_answers_under_its_name(open_model: OpenModel) -> None:
    async with open_model() as model:
        reply = await model.respond(saying("hello there"))

        assert model.name == reply.model == NAME
        assert reply.message.text == "hello there"
        assert reply.finish is Finish.STOP
        assert reply.tries == 1


async def test_a_model_hands_tool_calls_back(open_model: OpenModel) -> None:
    async with open_model() as model:
        reply = await model.respond(saying("look"))

        assert reply.message.tool_calls == (CALL,)
        assert reply.finish is Finish.TOOLS


async def test_a_listener_that_reads_along_is_shown_the_text(open_model: OpenModel) -> None:
    async with open_model() as model:
        ear = NeverRetries(wants_text=True)

        reply = await model.respond(saying("hello there"), ear)

        assert "".join(ear.pieces) == reply.message.text == "hello there"


async def test_a_listener_that_does_not_read_along_is_shown_nothing(
    open_model: OpenModel,
) -> None:
    async with open_model() as model:
        ear = NeverRetries()

        await model.respond(saying("hello there"), ear)

        assert ear.pieces == []


async def test_a_failure_is_one_of_the_provider_errors(open_model: OpenModel) -> None:
    async with open_model() as model:
        with pytest.raises(RequestRejected):
            await model.respond(saying("fail"))


async def test_calls_side_by_side_do_not_mix(open_model: OpenModel) -> None:
    async with open_model() as model:
        replies = await asyncio.gather(model.respond(saying("one")), model.respond(saying("two")))

        assert [reply.message.text for reply in replies] == ["one", "two"]


async def test_cancellation_passes_through(open_model: OpenModel) -> None:
    async with open_model() as model:
        call = asyncio.ensure_future(model.respond(saying("hello there")))
        await asyncio.sleep(0)

        call.cancel()

        with pytest.raises(asyncio.CancelledError):
            await call
