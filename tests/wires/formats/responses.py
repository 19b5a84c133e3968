"""Responses: OpenAI's newer API (https://platform.openai.com/docs/api-reference/responses)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from tests.wires.formats.shape import JsonDict, Ordinary, dumps, halves, named, tables

FINISH, CALLS, BASE = "completed", "completed", "/v1"
USAGE: JsonDict = {
    "input_tokens": 11,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 7,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 18,
}


def say(text: str, calls: Sequence[tuple[str, JsonDict]]) -> list[JsonDict]:
    items: list[JsonDict] = [_text_item(text)] if text or not calls else []
    return items + [
        {
            "type": "function_call",
            "id": f"fc_{number}",
            "call_id": f"call_{number}",
            "name": name,
            "arguments": dumps(arguments),
            "status": "completed",
        }
        for number, (name, arguments) in enumerate(calls, 1)
    ]


def _text_item(text: str) -> JsonDict:
    part: JsonDict = {"type": "output_text", "text": text, "annotations": []}
    item = {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed"}
    return {**item, "content": [part]}


def whole(reply: Ordinary) -> JsonDict:
    """`finish` is the status, or the reason of an incomplete response."""
    is_status = reply.finish in {"completed", "failed", "in_progress", "cancelled", "incomplete"}
    status = reply.finish if is_status else "incomplete"
    details = None if is_status else {"reason": reply.finish}
    return {
        "id": "resp_1",
        "object": "response",
        "created_at": 1,
        "status": status,
        "error": None,
        "incomplete_details": details,
        "model": "m1",
        "output": reply.blocks,
        "usage": reply.usage,
    }


def events(reply: Ordinary) -> list[Any]:
    last = whole(reply)
    begun: JsonDict = {**last, "status": "in_progress", "output": [], "usage": None}
    parts: list[JsonDict] = [
        {"type": "response.created", "response": begun},
        {"type": "response.in_progress", "response": begun},
    ]
    for index, item in enumerate(reply.blocks):
        parts += [{**event, "output_index": index} for event in _item_events(item)]
    parts.append({"type": f"response.{last['status']}", "response": last})
    return [{**event, "sequence_number": number} for number, event in enumerate(parts)]


def _item_events(item: JsonDict) -> list[JsonDict]:
    at = {"item_id": item.get("id")}
    added, parts = {**item, "status": "in_progress"}, list[JsonDict]()
    match item["type"]:
        case "message":
            added["content"] = []
            for number, part in enumerate(item["content"]):
                parts += [{**each, **at, "content_index": number} for each in _part_events(part)]
        case "function_call":
            added["arguments"] = ""
            kind = "response.function_call_arguments"
            pieces = halves(item["arguments"])
            parts += [{"type": f"{kind}.delta", **at, "delta": piece} for piece in pieces]
            parts.append({"type": f"{kind}.done", **at, "arguments": item["arguments"]})
        case "reasoning":
            added["summary"] = []
            for number, part in enumerate(item.get("summary") or ()):
                where = {**at, "summary_index": number}
                kind = "response.reasoning_summary_text"
                parts += [
                    {"type": "response.reasoning_summary_part.added", **where, "part": part},
                    {"type": f"{kind}.delta", **where, "delta": part["text"]},
                    {"type": f"{kind}.done", **where, "text": part["text"]},
                ]
        case _:
            pass
    return [
        {"type": "response.output_item.added", "item": added},
        *parts,
        {"type": "response.output_item.done", "item": item},
    ]


def _part_events(part: JsonDict) -> list[JsonDict]:
    kind = part["type"]
    key = "refusal" if kind == "refusal" else "text"
    empty = {**part, key: ""}
    return [
        {"type": "response.content_part.added", "part": empty},
        *[{"type": f"response.{kind}.delta", "delta": piece} for piece in halves(part[key])],
        {"type": f"response.{kind}.done", key: part[key]},
        {"type": "response.content_part.done", "part": part},
    ]


frame = named


def results(body: JsonDict) -> list[str]:
    items = _items(body)
    return [str(item["output"]) for item in items if item.get("type") == "function_call_output"]


def _items(body: JsonDict) -> list[JsonDict]:
    return tables(body.get("input"))


def refusal(message: str) -> JsonDict:
    error = {"message": message, "type": "invalid_request_error", "param": "input", "code": None}
    return {"error": error}


def broken_rule(body: JsonDict) -> str | None:
    """What OpenAI refuses of a request without state on the server."""
    items = _items(body)
    asked = [item["call_id"] for item in items if item.get("type") == "function_call"]
    told = [item["call_id"] for item in items if item.get("type") == "function_call_output"]
    if len(asked) != len(set(asked)):
        return f"Duplicate call_id '{asked[-1]}' in input."
    for call in asked:
        if call not in told:
            return f"No tool output found for function call {call}."
    for call in told:
        if call not in asked:
            return f"No tool call found for function call output with call_id {call}."
    for item, after in zip(items, [*items[1:], {}], strict=True):
        if item.get("type") == "reasoning" and after.get("type") not in {
            "function_call",
            "message",
            "reasoning",
        }:
            name = item.get("id")
            return f"Item '{name}' of type 'reasoning' was provided without its required following item."
    for index, tool in enumerate(tables(body.get("tools"))):
        if "function" in tool or "name" not in tool:
            return f"Missing required parameter: 'tools[{index}].name'."
    return None
