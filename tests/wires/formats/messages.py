"""Messages: Anthropic's API (https://docs.anthropic.com/en/api/messages)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.wires.formats.shape import JsonDict, Ordinary, dumps, halves, named, table, tables

FINISH, CALLS, BASE = "end_turn", "tool_use", ""
USAGE: JsonDict = {"input_tokens": 11, "output_tokens": 7}
_ID = re.compile(r"[a-zA-Z0-9_-]+")
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,128}")


def say(text: str, calls: Sequence[tuple[str, JsonDict]]) -> list[JsonDict]:
    blocks: list[JsonDict] = [{"type": "text", "text": text}] if text or not calls else []
    return blocks + [
        {"type": "tool_use", "id": f"toolu_{number}", "name": name, "input": arguments}
        for number, (name, arguments) in enumerate(calls, 1)
    ]


def whole(reply: Ordinary) -> JsonDict:
    body = {"id": "msg_1", "type": "message", "role": "assistant", "model": "m1"}
    end = {"stop_reason": reply.finish, "stop_sequence": None}
    usage = {} if reply.usage is None else {"usage": reply.usage}
    return {**body, "content": reply.blocks, **end, **usage}


def events(reply: Ordinary) -> list[Any]:
    usage = table(reply.usage)
    start = whole(Ordinary([], None, reply.usage and {**usage, "output_tokens": 1}))
    parts: list[Any] = [{"type": "message_start", "message": start}, {"type": "ping"}]
    for index, block in enumerate(reply.blocks):
        start_block, *deltas = _pieces(block)
        parts.append({"type": "content_block_start", "index": index, "content_block": start_block})
        parts += [{"type": "content_block_delta", "index": index, "delta": d} for d in deltas]
        parts.append({"type": "content_block_stop", "index": index})
    end = {"stop_reason": reply.finish, "stop_sequence": None}
    output = {"usage": {"output_tokens": usage.get("output_tokens")}} if usage else {}
    return [*parts, {"type": "message_delta", "delta": end, **output}, {"type": "message_stop"}]


def _pieces(block: JsonDict) -> Iterator[JsonDict]:
    """The block as it begins, and what is added to it."""
    match block.get("type"):
        case "text":
            yield {**block, "text": ""}
            yield from ({"type": "text_delta", "text": each} for each in halves(block["text"]))
        case "thinking":
            yield {"type": "thinking", "thinking": "", "signature": ""}
            for each in halves(block["thinking"]):
                yield {"type": "thinking_delta", "thinking": each}
            if block.get("signature"):
                yield {"type": "signature_delta", "signature": block["signature"]}
        case "tool_use":
            yield {**block, "input": {}}
            given = block["input"]
            text = given if isinstance(given, str) else dumps(given)
            for each in halves(text):
                yield {"type": "input_json_delta", "partial_json": each}
        case _:
            yield block


frame = named


def results(body: JsonDict) -> list[str]:
    blocks = [b for m in body.get("messages", []) for b in _blocks(m) if b["type"] == "tool_result"]
    return [_result(block.get("content")) for block in blocks]


def _result(content: Any) -> str:
    return content if isinstance(content, str) else "".join(b.get("text", "") for b in content)


def _blocks(message: Mapping[str, Any]) -> list[JsonDict]:
    content = message["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def refusal(message: str) -> JsonDict:
    return {"type": "error", "error": {"type": "invalid_request_error", "message": message}}


def broken_rule(body: JsonDict) -> str | None:
    """What the API refuses of any model, in its words."""
    checks = (_broken_parameter(body), _broken_tool(body), _broken_block(body), _broken_turn(body))
    return next((found for found in checks if found), None)


def _broken_parameter(body: JsonDict) -> str | None:
    if "max_tokens" not in body:
        return "max_tokens: Field required"
    thinking = table(body.get("thinking"))
    budget = thinking.get("budget_tokens", 1024)
    if thinking.get("type") == "enabled":
        if budget < 1024:
            return "thinking.enabled.budget_tokens: Input should be greater than or equal to 1024"
        if budget >= body["max_tokens"]:
            return "`max_tokens` must be greater than `thinking.budget_tokens`."
        if body.get("temperature", 1) != 1:
            return "`temperature` may only be set to 1 when thinking is enabled."
        if table(body.get("tool_choice")).get("type") in {"any", "tool"}:
            return "Thinking may not be enabled when tool_choice forces tool use."
    if (marks := dumps(body).count('"cache_control"')) > 4:
        return f"A maximum of 4 blocks with cache_control may be provided. Found {marks}."
    return None


def _broken_tool(body: JsonDict) -> str | None:
    for index, tool in enumerate(tables(body.get("tools"))):
        where, schema = f"tools.{index}.custom", tool["input_schema"]
        if any(key in schema for key in ("oneOf", "anyOf", "allOf")):
            problem = "input_schema does not support oneOf, allOf, or anyOf at the top level"
            return f"{where}.input_schema: {problem}"
        if schema.get("type") != "object":
            return f"{where}.input_schema.type: Input should be 'object'"
        if not _NAME.fullmatch(tool["name"]):
            pattern = "'^[a-zA-Z0-9_-]{1,128}$'"
            return f"{where}.name: String should match pattern {pattern}"
    return None


def _broken_block(body: JsonDict) -> str | None:
    for row, message in enumerate(body["messages"]):
        for column, block in enumerate(_blocks(message)):
            where = f"messages.{row}.content.{column}"
            if block["type"] == "text" and not block["text"]:
                return "messages: text content blocks must be non-empty"
            if block["type"] == "text" and not block["text"].strip():
                return "messages: text content blocks must contain non-whitespace text"
            if block["type"] == "tool_use" and not _ID.fullmatch(block["id"]):
                return f"{where}.tool_use.id: String should match pattern '^[a-zA-Z0-9_-]+$'"
            if block["type"] == "tool_result" and block.get("is_error") and not block["content"]:
                return f"{where}.tool_result: content cannot be empty if `is_error` is true"
    return None


def _broken_turn(body: JsonDict) -> str | None:
    messages, seen = body["messages"], set[str]()
    if not messages:
        return "messages: at least one message is required"
    for row, message in enumerate(messages):
        after = _blocks(messages[row + 1]) if row + 1 < len(messages) else []
        answered = {b["tool_use_id"] for b in after if b["type"] == "tool_result"}
        asked = [b["id"] for b in _blocks(message) if b["type"] == "tool_use"]
        if len(asked) != len(set(asked)) or seen & set(asked):
            return f"messages.{row}.content.1: `tool_use` ids must be unique"
        seen |= set(asked)
        if after and set(asked) != answered:
            return (
                f"messages.{row}: `tool_use` ids were found without `tool_result` blocks "
                "immediately after. Each `tool_use` block must have a corresponding `tool_result` "
                "block in the next message."
            )
    last = messages[-1]
    if last["role"] == "assistant" and (text := _blocks(last)[-1].get("text", "")) != text.rstrip():
        return "messages: final assistant content cannot end with trailing whitespace"
    return None
