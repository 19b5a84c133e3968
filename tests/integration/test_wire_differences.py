"""What only one wire sends, and replies of servers that differ, on Chat and on Messages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import orjson
import pytest

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
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.errors import MalformedReply, ModelRefused, StreamCut
from parallel_agents.models.providers import Wire
from parallel_agents.testing.behaviour import Garbage
from tests.integration.test_wires import HELLO, VERDICT, WEATHER
from tests.integration.wire_rig import ask, body_of, fails, stream_of

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
    parameters: JsonObject = {"type": "object", "properties": {}}
    tool = {"name": "get_weather", "description": "The weather.", "parameters": parameters}
    assert body["tools"] == [{"type": "function", "function": tool}]
    assert body["max_tokens"] == 4096


async def test_anthropic_sends_a_transcript_with_merged_turns_and_cache_marks() -> None:
    request = ModelRequest(messages=TRANSCRIPT, system="Be brief.", tools=(WEATHER, WEATHER))

    _, body = await ask(Wire.ANTHROPIC, request)

    mark = {"cache_control": {"type": "ephemeral"}}
    schema: JsonObject = {"type": "object", "properties": {}}
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


async def test_chat_binds_the_answer_strictly_where_the_schema_allows_it() -> None:
    schemas: Mapping[bool, JsonObject] = {True: VERDICT, False: {"type": "object"}}
    for is_strict, schema in schemas.items():
        _, body = await ask(Wire.CHAT, replace(HELLO, output_schema=schema))

        answer = {"name": "answer", "schema": schema, "strict": is_strict}
        assert body["response_format"] == {"type": "json_schema", "json_schema": answer}


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
        (
            {"tool_calls": [{"id": "1", "function": {"name": "f", "arguments": "[]"}}]},
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
        {"tool_calls": [{"id": "1", "function": "f"}]},
    ],
)
async def test_chat_refuses_what_it_cannot_read(message: JsonObject) -> None:
    with pytest.raises(MalformedReply) as caught:
        await ask(Wire.CHAT, HELLO, body_of(choice(message)))

    assert caught.value.why


async def test_chat_keeps_a_call_whose_arguments_cannot_be_read() -> None:
    call: JsonObject = {"id": "1", "function": {"name": "f", "arguments": "{"}}

    reply, _ = await ask(Wire.CHAT, HELLO, body_of(choice({"tool_calls": [call]})))

    (kept,) = reply.message.tool_calls
    assert (kept.id, kept.name, kept.arguments) == ("1", "f", {})
    assert kept.unread == "they are not a JSON object: {"


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


STOPS = {"end_turn": Finish.STOP, "pause_turn": Finish.PAUSED, "max_tokens": Finish.LENGTH}


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
