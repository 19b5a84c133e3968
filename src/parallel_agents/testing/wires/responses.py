"""Responses: replies in the format of OpenAI's Responses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump, objects_at, text_at
from parallel_agents.testing.behaviour import Refusal
from parallel_agents.testing.wires.format import Content, pieces, typed


def whole(content: Content, model: str, usage: Usage) -> bytes:
    return dump(_response(content, model, usage))


def chunks(content: Content, model: str, usage: Usage, size: int) -> Iterator[bytes]:
    last = _response(content, model, usage)
    first: JsonObject = {**last, "status": "in_progress", "output": [], "usage": None}
    yield _event("created", 0, {"response": first})
    yield _event("in_progress", 1, {"response": first})
    number = 2
    for place, item in enumerate(_items(content)):
        for kind, fields in _item_events(item, size):
            yield _event(kind, number, {"output_index": place, **fields})
            number += 1
    yield _event("completed", number, {"response": last})


def _event(kind: str, number: int, fields: JsonObject) -> bytes:
    return typed(f"response.{kind}", {"sequence_number": number, **fields})


_Event = tuple[str, JsonObject]


def _item_events(item: JsonObject, size: int) -> Iterator[_Event]:
    is_call = item["type"] == "function_call"
    empty: JsonObject = {"arguments": ""} if is_call else {"content": []}
    yield "output_item.added", {"item": {**item, **empty, "status": "in_progress"}}
    at: JsonObject = {"item_id": item["id"]}
    if is_call:
        kind, text = "function_call_arguments", str(item["arguments"])
        for piece in pieces(text, size):
            yield f"{kind}.delta", {**at, "delta": piece}
        yield f"{kind}.done", {**at, "name": item["name"], "arguments": text}
    else:
        for place, part in enumerate(objects_at(item, "content")):
            yield from _part_events(part, {**at, "content_index": place}, size)
    yield "output_item.done", {"item": item}


def _part_events(part: JsonObject, at: JsonObject, size: int) -> Iterator[_Event]:
    kind = text_at(part, "type")
    is_text = kind == "output_text"
    name = "text" if is_text else "refusal"
    logprobs: JsonObject = {"logprobs": []} if is_text else {}
    yield "content_part.added", {**at, "part": {**part, name: ""}}
    for piece in pieces(text_at(part, name), size):
        yield f"{kind}.delta", {**at, "delta": piece, **logprobs}
    yield f"{kind}.done", {**at, name: part[name], **logprobs}
    yield "content_part.done", {**at, "part": part}


def _response(content: Content, model: str, usage: Usage) -> JsonObject:
    return {
        "id": "resp_loopback",
        "object": "response",
        "created_at": 0,
        "status": "completed",
        "error": None,
        "incomplete_details": None,
        "instructions": None,
        "metadata": {},
        "model": model,
        "output": _items(content),
        "parallel_tool_calls": True,
        "store": False,
        "temperature": None,
        "tool_choice": "auto",
        "tools": [],
        "top_p": None,
        "usage": _usage(usage),
    }


def _items(content: Content) -> Sequence[JsonObject]:
    if isinstance(content, str):
        return [_message({"type": "output_text", "text": content, "annotations": []})]
    if isinstance(content, Refusal):
        return [_message({"type": "refusal", "refusal": content.message})]
    return [_call(call, place) for place, call in enumerate(content)]


def _message(part: JsonObject) -> JsonObject:
    return {
        "id": "msg_loopback",
        "type": "message",
        "role": "assistant",
        "status": "completed",
        "content": [part],
    }


def _call(call: ToolCall, place: int) -> JsonObject:
    return {
        "id": f"fc_loopback_{place}",
        "type": "function_call",
        "status": "completed",
        "call_id": call.id,
        "name": call.name,
        "arguments": dump(call.arguments).decode(),
    }


def _usage(usage: Usage) -> JsonObject:
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "input_tokens": read,
        "input_tokens_details": {
            "cached_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
        },
        "output_tokens": usage.output_tokens,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": read + usage.output_tokens,
    }
