"""Messages: replies in the format of Anthropic's Messages."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump
from parallel_agents.testing.behaviour import Refusal
from parallel_agents.testing.wires.format import Content, pieces, typed


def whole(content: Content, model: str, usage: Usage) -> bytes:
    return dump(
        {
            **_start(model, usage),
            "content": _blocks(content),
            "stop_reason": _stop_reason(content),
            "stop_sequence": None,
        }
    )


def chunks(content: Content, model: str, usage: Usage, size: int) -> Iterator[bytes]:
    yield typed("message_start", {"message": {**_start(model, usage), "content": []}})
    yield typed("ping", {})
    for position, block in enumerate(_blocks(content)):
        yield from _block_chunks(block, position, size)
    stop: JsonObject = {"stop_reason": _stop_reason(content), "stop_sequence": None}
    yield typed("message_delta", {"delta": stop, "usage": {"output_tokens": usage.output_tokens}})
    yield typed("message_stop", {})


def _block_chunks(block: JsonObject, position: int, size: int) -> Iterator[bytes]:
    is_text = block["type"] == "text"
    start: JsonObject = {**block, "text": ""} if is_text else {**block, "input": {}}
    yield typed("content_block_start", {"index": position, "content_block": start})
    text = str(block["text"]) if is_text else dump(block["input"]).decode()
    for piece in pieces(text, size):
        kind, field = ("text_delta", "text") if is_text else ("input_json_delta", "partial_json")
        delta: JsonObject = {"type": kind, field: piece}
        yield typed("content_block_delta", {"index": position, "delta": delta})
    yield typed("content_block_stop", {"index": position})


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


def _start(model: str, usage: Usage) -> JsonObject:
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
