"""Wires: encodes a reply in the formats of Chat Completions and Messages, whole or in chunks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump
from parallel_agents.testing.behaviour import HttpError, Refusal, Reply

Content: TypeAlias = Reply | Refusal
Whole = Callable[[Content, str, Usage], bytes]
Chunks = Callable[[Content, str, Usage, int], Iterator[bytes]]


class WireFormat(NamedTuple):
    """How a wire encodes a reply, from its content, the model, the usage, and the chunk size."""

    whole: Whole
    chunks: Chunks


def error_body(fault: HttpError) -> bytes:
    """An error in the form that both wires use."""
    inner: JsonObject = {"type": fault.type, "code": fault.type, "message": fault.message}
    return dump({"type": "error", "error": inner})


def _pieces(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


# Chat Completions


def chat_whole(content: Content, model: str, usage: Usage) -> bytes:
    message: dict[str, Json] = {"role": "assistant", "content": None}
    finish = "stop"
    if isinstance(content, str):
        message["content"] = content
    elif isinstance(content, Refusal):
        message["refusal"] = content.message
    else:
        message["tool_calls"] = [
            _chat_call(call, position) for position, call in enumerate(content)
        ]
        finish = "tool_calls"
    choice: JsonObject = {"index": 0, "message": message, "finish_reason": finish}
    return dump(
        {
            "id": "chatcmpl-loopback",
            "object": "chat.completion",
            "model": model,
            "choices": [choice],
            "usage": _chat_usage(usage),
        }
    )


def chat_chunks(content: Content, model: str, usage: Usage, size: int) -> Iterator[bytes]:
    yield _chat_chunk({"role": "assistant", "content": ""}, None, model)
    finish = "stop"
    if isinstance(content, str):
        for piece in _pieces(content, size):
            yield _chat_chunk({"content": piece}, None, model)
    elif isinstance(content, Refusal):
        yield _chat_chunk({"refusal": content.message}, None, model)
    else:
        finish = "tool_calls"
        for position, call in enumerate(content):
            yield from _chat_call_chunks(call, position, model, size)
    yield _chat_chunk({}, finish, model)
    yield _event({"model": model, "choices": [], "usage": _chat_usage(usage)})
    yield b"data: [DONE]\n\n"


def _chat_call_chunks(call: ToolCall, position: int, model: str, size: int) -> Iterator[bytes]:
    start = _chat_call(ToolCall(call.id, call.name, {}), position)
    named: JsonObject = {**start, "function": {"name": call.name, "arguments": ""}}
    yield _chat_chunk({"tool_calls": [named]}, None, model)
    for piece in _pieces(dump(call.arguments).decode(), size):
        part: JsonObject = {"index": position, "function": {"arguments": piece}}
        yield _chat_chunk({"tool_calls": [part]}, None, model)


def _chat_chunk(delta: JsonObject, finish: str | None, model: str) -> bytes:
    choice: JsonObject = {"index": 0, "delta": delta, "finish_reason": finish}
    return _event({"object": "chat.completion.chunk", "model": model, "choices": [choice]})


def _chat_call(call: ToolCall, position: int) -> JsonObject:
    function: JsonObject = {"name": call.name, "arguments": dump(call.arguments).decode()}
    return {"index": position, "id": call.id, "type": "function", "function": function}


def _chat_usage(usage: Usage) -> JsonObject:
    prompt = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": usage.output_tokens,
        "total_tokens": prompt + usage.output_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cache_read_tokens},
    }


# Messages


def messages_whole(content: Content, model: str, usage: Usage) -> bytes:
    return dump(
        {
            **_message_start(model, usage),
            "content": _blocks(content),
            "stop_reason": _stop_reason(content),
            "stop_sequence": None,
        }
    )


def messages_chunks(content: Content, model: str, usage: Usage, size: int) -> Iterator[bytes]:
    yield _typed("message_start", {"message": {**_message_start(model, usage), "content": []}})
    yield _typed("ping", {})
    for position, block in enumerate(_blocks(content)):
        yield from _block_chunks(block, position, size)
    stop: JsonObject = {"stop_reason": _stop_reason(content), "stop_sequence": None}
    yield _typed("message_delta", {"delta": stop, "usage": {"output_tokens": usage.output_tokens}})
    yield _typed("message_stop", {})


def _block_chunks(block: JsonObject, position: int, size: int) -> Iterator[bytes]:
    is_text = block["type"] == "text"
    start: JsonObject = {**block, "text": ""} if is_text else {**block, "input": {}}
    yield _typed("content_block_start", {"index": position, "content_block": start})
    text = str(block["text"]) if is_text else dump(block["input"]).decode()
    for piece in _pieces(text, size):
        kind, field = ("text_delta", "text") if is_text else ("input_json_delta", "partial_json")
        delta: JsonObject = {"type": kind, field: piece}
        yield _typed("content_block_delta", {"index": position, "delta": delta})
    yield _typed("content_block_stop", {"index": position})


def _blocks(content: Content) -> Sequence[JsonObject]:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if isinstance(content, Refusal):
        return []
    return [
        {"type": "tool_use", "id": call.id, "name": call.name, "input": call.arguments}
        for call in content
    ]


def _stop_reason(content: Content) -> str:
    if isinstance(content, str):
        return "end_turn"
    return "refusal" if isinstance(content, Refusal) else "tool_use"


def _message_start(model: str, usage: Usage) -> JsonObject:
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "model": model,
        "usage": {
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_input_tokens": usage.cache_read_tokens,
            "cache_creation_input_tokens": usage.cache_write_tokens,
        },
    }


def _typed(kind: str, fields: JsonObject) -> bytes:
    return b"event: " + kind.encode() + b"\n" + _event({"type": kind, **fields})


def _event(value: JsonObject) -> bytes:
    return b"data: " + dump(value) + b"\n\n"


WIRES = {
    "/v1/chat/completions": WireFormat(chat_whole, chat_chunks),
    "/v1/messages": WireFormat(messages_whole, messages_chunks),
}
