"""All wires against a server on loopback: what is sent, what comes back, what goes wrong."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.message import Text, ToolCall, user
from parallel_agents.core.model import Capabilities, Finish, ModelRequest
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
from parallel_agents.models.dialect import Structured
from parallel_agents.models.http import Http
from parallel_agents.models.providers import Wire
from parallel_agents.models.shapes import object_at
from parallel_agents.testing.behaviour import (
    Behaviour,
    Cut,
    Drip,
    Fault,
    Garbage,
    Hang,
    HttpError,
    Refusal,
)
from parallel_agents.testing.provider import Received
from tests.integration.wire_rig import (
    KEY,
    MODES,
    NAME,
    WIRES,
    NeverRetries,
    answers,
    ask,
    body_of,
    fails,
    make_model,
    open_model,
    stream_of,
    structured_by,
)

WEATHER = ToolSpec("get_weather", "The weather.", {"type": "object"})
VERDICT: JsonObject = {
    "type": "object",
    "properties": {"score": {"type": "integer", "enum": [1]}, "words": {"type": "string"}},
    "required": ["score", "words"],
    "additionalProperties": False,
}
HELLO = ModelRequest(
    messages=(user("Grüße an die 世界, und einen schönen Tag"),), system="Be brief."
)


@pytest.mark.parametrize("wire", WIRES)
async def test_a_reply_has_the_text_the_usage_and_the_name(wire: Wire) -> None:
    reply, _ = await ask(wire, HELLO)

    assert reply.message.parts == (Text(HELLO.messages[0].text),)
    assert reply.message.model == NAME
    assert reply.usage == Usage(input_tokens=200, output_tokens=50, cache_read_tokens=800)
    assert reply.model == NAME
    assert reply.finish is Finish.STOP
    assert reply.tries == 1
    assert not reply.is_estimated


@pytest.mark.parametrize("wire", WIRES)
async def test_a_streamed_reply_is_the_same_and_comes_in_pieces(wire: Wire) -> None:
    async with open_model(wire, Behaviour(chunk_characters=5)) as (model, _):
        ear = NeverRetries(wants_text=True)
        whole = await model.respond(HELLO)
        streamed = await model.respond(HELLO, ear)

    assert streamed == whole
    assert "".join(ear.pieces) == whole.message.text
    assert len(ear.pieces) == 8


def streams(received: Received) -> Json:
    """Whether a request asks for a stream; Gemini's says so in its path."""
    asks_in_path = received.path.rpartition(":")[2] == "streamGenerateContent"
    return received.body.get("stream", asks_in_path)


@pytest.mark.parametrize("wire", WIRES)
async def test_nothing_is_streamed_for_nobody(wire: Wire) -> None:
    async with open_model(wire, Behaviour()) as (model, provider):
        await model.respond(HELLO, NeverRetries())

        assert streams(provider.requests[-1]) is False


@pytest.mark.parametrize("wire", WIRES)
async def test_a_model_that_always_streams_does_so_for_nobody(wire: Wire) -> None:
    async with open_model(wire, Behaviour()) as (_, provider):
        http = Http()
        streaming = make_model(wire, provider, http, capabilities=Capabilities(streams_always=True))
        listener = NeverRetries(wants_text=False)
        reply = await streaming.respond(HELLO, listener)
        await http.aclose()
        received = provider.requests[-1]

    assert streams(received) is True
    assert reply.message.text == HELLO.messages[0].text
    assert "".join(listener.pieces) == reply.message.text


@pytest.mark.parametrize("wire", WIRES)
async def test_the_connection_of_a_streamed_call_is_used_again(wire: Wire) -> None:
    async with open_model(wire, Behaviour()) as (model, provider):
        for _ in range(3):
            await model.respond(HELLO, NeverRetries(wants_text=True))
            await model.respond(HELLO)
        count = len({received.port for received in provider.requests})

    assert count == 1


PATHS = {
    Wire.CHAT: "/v1/chat/completions",
    Wire.ANTHROPIC: "/v1/messages",
    Wire.RESPONSES: "/v1/responses",
    Wire.GEMINI: "/v1beta/big/model-1:generateContent",
}
KEY_HEADERS = {
    Wire.CHAT: ("Authorization", f"Bearer {KEY}"),
    Wire.ANTHROPIC: ("x-api-key", KEY),
    Wire.RESPONSES: ("Authorization", f"Bearer {KEY}"),
    Wire.GEMINI: ("x-goog-api-key", KEY),
}


@pytest.mark.parametrize("wire", WIRES)
async def test_each_wire_has_its_own_path_and_its_own_headers(wire: Wire) -> None:
    async with open_model(wire, Behaviour()) as (model, provider):
        await model.respond(HELLO)
        received = provider.requests[-1]

    name, value = KEY_HEADERS[wire]
    assert received.path == PATHS[wire]
    assert received.headers[name] == value
    assert received.headers["X-Team"] == "blue"
    assert received.headers.get("anthropic-version") == (
        "2023-06-01" if wire is Wire.ANTHROPIC else None
    )
    assert received.body.get("model") == (None if wire is Wire.GEMINI else "big/model-1")


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("wire", WIRES)
async def test_tool_calls_come_back_whole(wire: Wire, mode: str) -> None:
    calls = (ToolCall("1", "get_weather", {"city": "Málaga"}), ToolCall("2", "get_weather", {}))

    reply, _ = await ask(wire, replace(HELLO, tools=(WEATHER,)), answers(calls), mode=mode)

    assert reply.message.tool_calls == calls
    assert reply.finish is Finish.TOOLS


@pytest.mark.parametrize("wire", WIRES)
async def test_the_temperature_is_sent_where_one_is_given(wire: Wire) -> None:
    def sampling(body: JsonObject) -> JsonObject:
        return object_at(body, "generationConfig") or body

    _, without = await ask(wire, HELLO)
    _, given = await ask(wire, replace(HELLO, temperature=0.2))
    _, omitted = await ask(
        wire, replace(HELLO, temperature=0.2), changes={"omit": frozenset({"temperature"})}
    )

    assert "temperature" not in sampling(without)
    assert sampling(given)["temperature"] == 0.2
    assert "temperature" not in sampling(omitted)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("wire", "structured"),
    [
        (wire, structured)
        for wire in WIRES
        for structured in (Structured.JSON_SCHEMA, Structured.TOOL)
    ],
)
async def test_an_answer_by_a_schema_is_the_text_of_the_reply(
    wire: Wire, structured: Structured, mode: str
) -> None:
    request = replace(HELLO, output_schema=VERDICT)

    reply, _ = await ask(wire, request, mode=mode, changes=structured_by(structured))

    assert reply.message.parts == (Text('{"score":1,"words":"sample"}'),)
    assert reply.finish is Finish.STOP


@pytest.mark.parametrize("wire", WIRES)
async def test_a_schema_may_be_asked_for_in_words(wire: Wire) -> None:
    _, body = await ask(
        wire, replace(HELLO, output_schema=VERDICT), changes=structured_by(Structured.PROMPT)
    )

    assert b"Be brief.\\n\\nAnswer with one JSON value" in orjson.dumps(body)
    assert not {"tools", "tool_choice", "toolConfig", "response_format", "text"} & body.keys()
    assert "responseMimeType" not in object_at(body, "generationConfig")


CHOICES: Mapping[Wire, tuple[str, Json, Json]] = {
    Wire.CHAT: (
        "tool_choice",
        {"type": "function", "function": {"name": "final_answer"}},
        "required",
    ),
    Wire.ANTHROPIC: ("tool_choice", {"type": "tool", "name": "final_answer"}, {"type": "any"}),
    Wire.RESPONSES: ("tool_choice", {"type": "function", "name": "final_answer"}, "required"),
    Wire.GEMINI: (
        "toolConfig",
        {"functionCallingConfig": {"mode": "ANY", "allowedFunctionNames": ["final_answer"]}},
        {"functionCallingConfig": {"mode": "ANY"}},
    ),
}


@pytest.mark.parametrize("wire", WIRES)
async def test_the_tool_for_the_answer_is_forced_alone_and_a_choice_beside_others(
    wire: Wire,
) -> None:
    field, alone, beside_others = CHOICES[wire]
    request, by_tool = replace(HELLO, output_schema=VERDICT), structured_by(Structured.TOOL)

    _, forced = await ask(wire, request, changes=by_tool)
    _, free = await ask(wire, replace(request, tools=(WEATHER,)), changes=by_tool)

    assert forced[field] == alone
    assert free[field] == beside_others
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
        (Wire.RESPONSES, {"type": "error", "code": "server_error", "message": "busy"}),
        (Wire.GEMINI, {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}),
    ],
)
async def test_an_error_in_the_reply_itself_is_one(wire: Wire, event: Json) -> None:
    for behaviour, mode in ((stream_of(event), "stream"), (body_of(event), "whole")):
        with pytest.raises(Overloaded):
            await ask(wire, HELLO, behaviour, mode=mode)
