"""Chat: replies in the format of OpenAI's Chat Completions."""

from __future__ import annotations

from collections.abc import Iterator

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump
from parallel_agents.testing.behaviour import Refusal
from parallel_agents.testing.wires.format import Content, event, pieces

_START: JsonObject = {"id": "chatcmpl-loopback", "created": 0}


def whole(content: Content, model: str, usage: Usage) -> bytes:
    message: dict[str, Json] = {"role": "assistant", "content": None}
    finish = "stop"
    if isinstance(content, str):
        message["content"] = content
    elif isinstance(content, Refusal):
        message["refusal"] = content.message
    else:
        message["tool_calls"] = [_call(call, position) for position, call in enumerate(content)]
        finish = "tool_calls"
    choice: JsonObject = {"index": 0, "message": message, "finish_reason": finish}
    return dump(
        {
            **_START,
            "object": "chat.completion",
            "model": model,
            "choices": [choice],
            "usage": _usage(usage),
        }
    )


def chunks(content: Content, model: str, usage: Usage, size: int) -> Iterator[bytes]:
    yield _chunk({"role": "assistant", "content": ""}, None, model)
    finish = "stop"
    if isinstance(content, str):
        for piece in pieces(content, size):
            yield _chunk({"content": piece}, None, model)
    elif isinstance(content, Refusal):
        yield _chunk({"refusal": content.message}, None, model)
    else:
        finish = "tool_calls"
        for position, call in enumerate(content):
            yield from _call_chunks(call, position, model, size)
    yield _chunk({}, finish, model)
    yield event(_envelope(model, choices=[], usage=_usage(usage)))
    yield b"data: [DONE]\n\n"


def _call_chunks(call: ToolCall, position: int, model: str, size: int) -> Iterator[bytes]:
    start = _call(ToolCall(call.id, call.name, {}), position)
    named: JsonObject = {**start, "function": {"name": call.name, "arguments": ""}}
    yield _chunk({"tool_calls": [named]}, None, model)
    for piece in pieces(dump(call.arguments).decode(), size):
        part: JsonObject = {"index": position, "function": {"arguments": piece}}
        yield _chunk({"tool_calls": [part]}, None, model)


def _chunk(delta: JsonObject, finish: str | None, model: str) -> bytes:
    choice: JsonObject = {"index": 0, "delta": delta, "finish_reason": finish}
    return event(_envelope(model, choices=[choice]))


def _envelope(model: str, **fields: Json) -> JsonObject:
    return {**_START, "object": "chat.completion.chunk", "model": model, **fields}


def _call(call: ToolCall, position: int) -> JsonObject:
    function: JsonObject = {"name": call.name, "arguments": dump(call.arguments).decode()}
    return {"index": position, "id": call.id, "type": "function", "function": function}


def _usage(usage: Usage) -> JsonObject:
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
    }
