"""Both wires against a server on loopback: what is sent, what comes back, what goes wrong."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace

import orjson
import pytest
from parallel_agents.models.anthropic import Anthropic
from parallel_agents.models.chat import Chat
from typing_extensions import override

from parallel_agents.core.message import (
    Message,
    Role,
    Text,
    Thinking,
    ToolCall,
    ToolResult,
    assistant,
    user,
)
from parallel_agents.core.model import Capabilities, Finish, ModelReply, ModelRequest
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.core.usage import Usage
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    ContextTooLong,
    MalformedReply,
    ModelRefused,
    Overloaded,
    ProviderError,
    RateLimited,
    StreamCut,
    Unreachable,
)
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Endpoint, Secret, Structured, Wire
from parallel_agents.testing.behaviour import (
    GOOD_DAY,
    Behaviour,
    Cut,
    Drip,
    Fault,
    Garbage,
    Hang,
    HttpError,
    Refusal,
    Reply,
    first,
)
from parallel_agents.testing.listener import RecordingListener
from parallel_agents.testing.provider import LoopbackProvider, Received

KEY = "sk-very-secret-0123456789"
WEATHER = ToolSpec("get_weather", "The weather.", {"type": "object"})
VERDICT: JsonObject = {
    "type": "object",
    "properties": {"score": {"type": "integer", "minimum": 1}, "words": {"type": "string"}},
    "required": ["score", "words"],
    "additionalProperties": False,
}
HELLO = ModelRequest(
    messages=(user("Grüße an die 世界, und einen schönen Tag"),), system="Be brief."
)
WIRES = [Wire.CHAT, Wire.ANTHROPIC]
MODES = ["whole", "stream"]


class NeverRetries(RecordingListener):
    """A listener that takes no retry."""

    @override
    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        raise AssertionError("a wire does not retry")


def make_model(
    wire: Wire,
    provider: LoopbackProvider,
    http: Http,
    *,
    structured: Structured | None = None,
    capabilities: Capabilities = Capabilities(),
) -> Chat | Anthropic:
    is_chat = wire is Wire.CHAT
    best = Structured.JSON_SCHEMA if is_chat else Structured.TOOL
    endpoint = Endpoint(
        provider="acme",
        wire=wire,
        base_url=provider.base_url if is_chat else provider.origin,
        key=Secret(KEY),
        key_variable="ACME_KEY",
        headers={"X-Team": "blue"},
        structured=structured or best,
    )
    make = Chat if is_chat else Anthropic
    return make("acme/big/model-1", endpoint, http, capabilities=capabilities)


@asynccontextmanager
async def open_model(
    wire: Wire, behaviour: Behaviour, *, structured: Structured | None = None
) -> AsyncGenerator[tuple[Chat | Anthropic, LoopbackProvider]]:
    http = Http(stall_seconds=0.2)
    async with LoopbackProvider(behaviour) as provider:
        try:
            yield make_model(wire, provider, http, structured=structured), provider
        finally:
            await http.aclose()


async def ask(
    wire: Wire,
    request: ModelRequest,
    behaviour: Behaviour = GOOD_DAY,
    *,
    mode: str = "whole",
    structured: Structured | None = None,
) -> tuple[ModelReply, JsonObject]:
    """The reply, and the body that the server received."""

    async with open_model(wire, behaviour, structured=structured) as (model, provider):
        reply = await model.respond(
            request, NeverRetries(wants_text=True) if mode == "stream" else None
        )
        return reply, provider.requests[-1].body


def answers(reply: Reply) -> Behaviour:
    return Behaviour(answer=lambda _: reply)


def fails(fault: Fault) -> Behaviour:
    return Behaviour(fault=first(1, fault))


def body_of(value: Json) -> Behaviour:
    """A server that answers this JSON, word for word."""
    return fails(Garbage(orjson.dumps(value), "application/json"))


def stream_of(*events: Json) -> Behaviour:
    """A server that streams these events, word for word."""
    data = b"".join(b"data: " + orjson.dumps(event) + b"\n\n" for event in events)
    return fails(Garbage(data, "text/event-stream"))


@pytest.mark.parametrize("wire", WIRES)
async def test_a_reply_has_the_text_the_usage_and_the_name(wire: Wire) -> None:
    reply, body = await ask(wire, HELLO)

    assert reply.message == assistant(HELLO.messages[0].text)
    assert reply.usage == Usage(input_tokens=200, output_tokens=50, cache_read_tokens=800)
    assert reply.model == "acme/big/model-1"
    assert reply.finish is Finish.STOP
    assert reply.tries == 1
    assert body["model"] == "big/model-1"
    assert "stream" not in body


@pytest.mark.parametrize("wire", WIRES)
async def test_a_streamed_reply_is_the_same_and_comes_in_pieces(wire: Wire) -> None:
    async with open_model(wire, Behaviour(chunk_characters=5)) as (model, _):
        ear = NeverRetries(wants_text=True)
        whole = await model.respond(HELLO)
        streamed = await model.respond(HELLO, ear)

    assert streamed == whole
    assert "".join(ear.pieces) == whole.message.text
    assert len(ear.pieces) == 8


@pytest.mark.parametrize("wire", WIRES)
async def test_nothing_is_streamed_for_nobody(wire: Wire) -> None:
    async def body(model: Chat | Anthropic, provider: LoopbackProvider) -> Received:
        await model.respond(HELLO, NeverRetries())
        return provider.requests[-1]

    async with open_model(wire, Behaviour()) as (model, provider):
        assert "stream" not in (await body(model, provider)).body


@pytest.mark.parametrize("wire", WIRES)
async def test_a_model_that_always_streams_does_so_for_nobody(wire: Wire) -> None:
    async with open_model(wire, Behaviour()) as (_, provider):
        http = Http()
        streaming = make_model(wire, provider, http, capabilities=Capabilities(streams_always=True))
        reply = await streaming.respond(HELLO)
        await http.aclose()
        received = provider.requests[-1]

    assert received.body["stream"] is True
    assert reply.message.text == HELLO.messages[0].text


@pytest.mark.parametrize("wire", WIRES)
async def test_the_connection_of_a_streamed_call_is_used_again(wire: Wire) -> None:
    async with open_model(wire, Behaviour()) as (model, provider):
        for _ in range(3):
            await model.respond(HELLO, NeverRetries(wants_text=True))
            await model.respond(HELLO)
        count = len({received.port for received in provider.requests})

    assert count == 1


async def test_each_wire_sends_its_own_headers() -> None:
    async def body(model: Chat | Anthropic, provider: LoopbackProvider) -> Received:
        await model.respond(HELLO)
        return provider.requests[-1]

    async with open_model(Wire.CHAT, Behaviour()) as (model, provider):
        chat = await body(model, provider)
    async with open_model(Wire.ANTHROPIC, Behaviour()) as (model, provider):
        anthropic = await body(model, provider)

    assert chat.path == "/v1/chat/completions"
    assert chat.headers["Authorization"] == f"Bearer {KEY}"
    assert anthropic.path == "/v1/messages"
    assert anthropic.headers["x-api-key"] == KEY
    assert anthropic.headers["anthropic-version"] == "2023-06-01"
    assert chat.headers["X-Team"] == anthropic.headers["X-Team"] == "blue"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_tool_calls_come_back_whole(wire: Wire, mode: str) -> None:
    calls = (ToolCall("1", "get_weather", {"city": "Málaga"}), ToolCall("2", "get_weather", {}))

    reply, _ = await ask(wire, replace(HELLO, tools=(WEATHER,)), answers(calls), mode=mode)

    assert reply.message.tool_calls == calls
    assert reply.finish is Finish.TOOLS


TRANSCRIPT = (
    user("Is it warm in Oslo?"),
    Message(Role.ASSISTANT, (Text("I look."), ToolCall("1", "get_weather", {"city": "Oslo"}))),
    Message(Role.TOOL, (ToolResult("1", "get_weather", "-3"), ToolResult("2", "x", "no", True))),
    user("And tell me in French."),
)


async def test_chat_sends_a_transcript_with_one_message_for_each_result() -> None:
    _, body = await ask(
        Wire.CHAT, ModelRequest(messages=TRANSCRIPT, system="Be brief.", tools=(WEATHER,))
    )

    call = {"name": "get_weather", "arguments": '{"city":"Oslo"}'}
    assert body["messages"] == [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "Is it warm in Oslo?"},
        {
            "role": "assistant",
            "content": "I look.",
            "tool_calls": [{"id": "1", "type": "function", "function": call}],
        },
        {"role": "tool", "tool_call_id": "1", "content": "-3"},
        {"role": "tool", "tool_call_id": "2", "content": "no"},
        {"role": "user", "content": "And tell me in French."},
    ]
    tool = {"name": "get_weather", "description": "The weather.", "parameters": {"type": "object"}}
    assert body["tools"] == [{"type": "function", "function": tool}]
    assert body["max_tokens"] == 4096


async def test_anthropic_sends_a_transcript_with_merged_turns_and_cache_marks() -> None:
    request = ModelRequest(messages=TRANSCRIPT, system="Be brief.", tools=(WEATHER, WEATHER))

    _, body = await ask(Wire.ANTHROPIC, request)

    mark = {"cache_control": {"type": "ephemeral"}}
    schema: JsonObject = {"type": "object"}
    tool = {"name": "get_weather", "description": "The weather.", "input_schema": schema}
    assert body["system"] == [{"type": "text", "text": "Be brief.", **mark}]
    assert body["tools"] == [tool, {**tool, **mark}]
    assert body["messages"] == [
        {"role": "user", "content": [{"type": "text", "text": "Is it warm in Oslo?"}]},
        {
            "role": "assistant",
            "content": [
                {"type": "text", "text": "I look."},
                {"type": "tool_use", "id": "1", "name": "get_weather", "input": {"city": "Oslo"}},
            ],
        },
        {
            "role": "user",
            "content": [
                {"type": "tool_result", "tool_use_id": "1", "content": "-3", "is_error": False},
                {"type": "tool_result", "tool_use_id": "2", "content": "no", "is_error": True},
                {"type": "text", "text": "And tell me in French.", **mark},
            ],
        },
    ]


@pytest.mark.parametrize("wire", WIRES)
async def test_the_temperature_is_sent_where_one_is_given(wire: Wire) -> None:
    assert "temperature" not in (await ask(wire, HELLO))[1]
    assert (await ask(wire, replace(HELLO, temperature=0.2)))[1]["temperature"] == 0.2


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("wire", "structured"),
    [
        (Wire.CHAT, Structured.JSON_SCHEMA),
        (Wire.CHAT, Structured.TOOL),
        (Wire.ANTHROPIC, Structured.TOOL),
    ],
)
async def test_an_answer_by_a_schema_is_the_text_of_the_reply(
    wire: Wire, structured: Structured, mode: str
) -> None:
    request = replace(HELLO, output_schema=VERDICT)

    reply, _ = await ask(wire, request, mode=mode, structured=structured)

    assert reply.message == assistant('{"score":1,"words":"sample"}')
    assert reply.finish is Finish.STOP


@pytest.mark.parametrize("wire", WIRES)
async def test_a_schema_may_be_asked_for_in_words(wire: Wire) -> None:
    _, body = await ask(wire, replace(HELLO, output_schema=VERDICT), structured=Structured.PROMPT)

    assert b"Be brief.\\n\\nAnswer with one JSON value" in orjson.dumps(body)
    assert not {"tools", "tool_choice", "response_format"} & body.keys()


async def test_chat_binds_the_answer_strictly_where_the_schema_allows_it() -> None:
    schemas: Mapping[bool, JsonObject] = {True: VERDICT, False: {"type": "object"}}
    for is_strict, schema in schemas.items():
        _, body = await ask(Wire.CHAT, replace(HELLO, output_schema=schema))

        answer = {"name": "answer", "schema": schema, "strict": is_strict}
        assert body["response_format"] == {"type": "json_schema", "json_schema": answer}


@pytest.mark.parametrize(
    ("wire", "alone", "beside_others"),
    [
        (Wire.CHAT, {"type": "function", "function": {"name": "final_answer"}}, "required"),
        (Wire.ANTHROPIC, {"type": "tool", "name": "final_answer"}, {"type": "any"}),
    ],
)
async def test_the_tool_for_the_answer_is_forced_alone_and_a_choice_beside_others(
    wire: Wire, alone: Json, beside_others: Json
) -> None:
    request = replace(HELLO, output_schema=VERDICT)

    _, forced = await ask(wire, request, structured=Structured.TOOL)
    _, free = await ask(wire, replace(request, tools=(WEATHER,)), structured=Structured.TOOL)

    assert forced["tool_choice"] == alone
    assert free["tool_choice"] == beside_others
    assert b'"get_weather"' in orjson.dumps(free["tools"])


FAULTS: Mapping[str, tuple[Fault, type[ProviderError]]] = {
    "rate limit": (HttpError(429, headers={"Retry-After": "3"}), RateLimited),
    "overload": (HttpError(529, type="overloaded_error"), Overloaded),
    "server error": (HttpError(500), Overloaded),
    "gateway": (HttpError(502), Unreachable),
    "key": (HttpError(401, f"the key {KEY} is wrong"), AuthFailed),
    "context": (HttpError(400, "prompt is too long: 9 > 8"), ContextTooLong),
    "cut": (Cut(after_chunks=4), StreamCut),
    "garbage": (Garbage(), MalformedReply),
    "wrong shape": (Garbage(b'{"hello": "world"}', "application/json"), MalformedReply),
    "list": (Garbage(b"[1, 2]", "application/json"), MalformedReply),
    "refusal": (Refusal(), ModelRefused),
}


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
@pytest.mark.parametrize("day", FAULTS)
async def test_each_bad_day_is_its_own_error(wire: Wire, mode: str, day: str) -> None:
    fault, expected = FAULTS[day]

    with pytest.raises(ProviderError) as caught:
        await ask(wire, HELLO, fails(fault), mode=mode)

    error = caught.value
    assert type(error) is expected
    assert KEY not in f"{error!r} {error.why} {error.hint} {error.__cause__!r}"


@pytest.mark.parametrize("wire", WIRES)
async def test_a_rate_limit_says_when_to_come_back(wire: Wire) -> None:
    with pytest.raises(RateLimited) as caught:
        await ask(wire, HELLO, fails(HttpError(429, headers={"Retry-After": "3"})))

    assert caught.value.retry_after_seconds == 3.0


@pytest.mark.parametrize("wire", WIRES)
async def test_a_stream_that_hangs_has_timed_out(wire: Wire) -> None:
    with pytest.raises(CallTimedOut):
        await ask(wire, HELLO, fails(Hang()), mode="stream")


@pytest.mark.parametrize("wire", WIRES)
async def test_a_slow_stream_is_no_stalled_one(wire: Wire) -> None:
    behaviour = replace(fails(Drip(0.05)), chunk_characters=10)

    reply, _ = await ask(wire, HELLO, behaviour, mode="stream")

    assert reply.message.text == HELLO.messages[0].text


@pytest.mark.parametrize(
    ("wire", "event"),
    [
        (Wire.CHAT, {"error": {"code": 529, "message": "busy"}, "choices": []}),
        (Wire.ANTHROPIC, {"type": "error", "error": {"type": "overloaded_error", "message": "x"}}),
    ],
)
async def test_an_error_in_the_reply_itself_is_one(wire: Wire, event: Json) -> None:
    for behaviour, mode in ((stream_of(event), "stream"), (body_of(event), "whole")):
        with pytest.raises(Overloaded):
            await ask(wire, HELLO, behaviour, mode=mode)


# Replies of servers that differ


def choice(message: JsonObject, finish: str | None = "stop") -> JsonObject:
    return {"choices": [{"index": 0, "message": message, "finish_reason": finish}]}


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ({"content": None}, ()),
        ({"content": [{"type": "text", "text": "a"}, {"type": "x"}]}, (Text("a"),)),
        ({"content": "a", "reasoning_content": "hm"}, (Thinking("hm"), Text("a"))),
        ({"content": "a", "reasoning": "hm"}, (Thinking("hm"), Text("a"))),
        (
            {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": {"a": 1}}}]},
            (ToolCall("1", "f", {"a": 1}),),
        ),
        (
            {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": ""}}]},
            (ToolCall("1", "f", {}),),
        ),
    ],
)
async def test_chat_reads_the_replies_of_lax_servers(
    message: JsonObject, expected: Sequence[object]
) -> None:
    reply, _ = await ask(Wire.CHAT, HELLO, body_of(choice(message)))

    assert reply.message.parts == tuple(expected)


@pytest.mark.parametrize(
    "message",
    [
        {"content": 7},
        {"tool_calls": "none"},
        {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "{"}}]},
        {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[]"}}]},
    ],
)
async def test_chat_refuses_what_it_cannot_read(message: JsonObject) -> None:
    with pytest.raises(MalformedReply) as caught:
        await ask(Wire.CHAT, HELLO, body_of(choice(message)))

    assert caught.value.why


@pytest.mark.parametrize(
    ("finish", "expected"),
    [("stop", Finish.STOP), ("length", Finish.LENGTH), (None, Finish.STOP), ("eos", Finish.STOP)],
)
async def test_chat_says_why_the_model_stopped(finish: str | None, expected: Finish) -> None:
    reply, _ = await ask(Wire.CHAT, HELLO, body_of(choice({"content": "a"}, finish)))

    assert reply.finish is expected


async def test_a_content_filter_is_a_refusal() -> None:
    with pytest.raises(ModelRefused):
        await ask(Wire.CHAT, HELLO, body_of(choice({"content": ""}, "content_filter")))


async def test_chat_without_a_finish_counts_as_whole_when_the_end_mark_came() -> None:
    delta: JsonObject = {"choices": [{"index": 0, "delta": {"content": "a"}}]}
    marked = Garbage(b"data: " + orjson.dumps(delta) + b"\n\ndata: [DONE]\n\n", "text/event-stream")

    reply, _ = await ask(Wire.CHAT, HELLO, fails(marked), mode="stream")

    assert reply.message.text == "a"
    with pytest.raises(StreamCut):
        await ask(Wire.CHAT, HELLO, stream_of(delta), mode="stream")


def message(content: Json, stop: str = "end_turn") -> JsonObject:
    return {"type": "message", "content": content, "stop_reason": stop, "usage": {}}


STOPS = {"end_turn": Finish.STOP, "pause_turn": Finish.STOP, "max_tokens": Finish.LENGTH}


@pytest.mark.parametrize(("stop", "expected"), STOPS.items())
async def test_anthropic_says_why_the_model_stopped(stop: str, expected: Finish) -> None:
    behaviour = body_of(message([{"type": "text", "text": "a"}], stop))

    assert (await ask(Wire.ANTHROPIC, HELLO, behaviour))[0].finish is expected


THOUGHTS = (
    Thinking("hm", "signed"),
    Thinking("", "redacted:secret"),
    Text("a"),
    ToolCall("1", "get_weather", {}),
)
THOUGHT_BLOCKS: Sequence[JsonObject] = (
    {"type": "thinking", "thinking": "hm", "signature": "signed"},
    {"type": "redacted_thinking", "data": "secret"},
    {"type": "text", "text": "a"},
    {"type": "tool_use", "id": "1", "name": "get_weather", "input": {}},
)


async def test_anthropic_keeps_thinking_and_hands_it_back_unchanged() -> None:
    reply, _ = await ask(Wire.ANTHROPIC, HELLO, body_of(message(THOUGHT_BLOCKS, "tool_use")))
    result = Message(Role.TOOL, (ToolResult("1", "get_weather", "-3"),))
    _, body = await ask(
        Wire.ANTHROPIC, replace(HELLO, messages=(*HELLO.messages, reply.message, result))
    )

    assert reply.message.parts == THOUGHTS
    messages = body["messages"]
    assert isinstance(messages, list)
    assert messages[1] == {"role": "assistant", "content": list(THOUGHT_BLOCKS)}


def delta(index: int, **fields: str) -> JsonObject:
    return {"type": "content_block_delta", "index": index, "delta": fields}


async def test_anthropic_assembles_streamed_thinking() -> None:
    events: Sequence[Json] = (
        {"type": "message_start", "message": {"usage": {"input_tokens": 5, "output_tokens": 1}}},
        {"type": "content_block_start", "index": 0, "content_block": {"type": "thinking"}},
        delta(0, type="thinking_delta", thinking="hm"),
        delta(0, type="signature_delta", signature="signed"),
        {"type": "content_block_start", "index": 1, "content_block": {"type": "novelty"}},
        delta(1, type="novelty_delta"),
        {
            "type": "message_delta",
            "delta": {"stop_reason": "end_turn"},
            "usage": {"output_tokens": 9},
        },
    )

    reply, _ = await ask(Wire.ANTHROPIC, HELLO, stream_of(*events), mode="stream")

    assert reply.message.parts == (Thinking("hm", "signed"),)
    assert reply.usage == Usage(input_tokens=5, output_tokens=9)


async def test_parts_that_a_wire_cannot_take_are_left_out() -> None:
    empty = Message(Role.ASSISTANT, (Thinking("unsigned"), Text("")))

    _, body = await ask(Wire.ANTHROPIC, ModelRequest(messages=(user("a"), empty, user("b"))))

    mark = {"cache_control": {"type": "ephemeral"}}
    assert body["messages"] == [
        {
            "role": "user",
            "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b", **mark}],
        },
    ]
