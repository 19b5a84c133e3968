"""Chat: Chat Completions (https://platform.openai.com/docs/api-reference/chat)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from tests.wires.formats.shape import JsonDict, Ordinary, data, dumps, halves

FINISH, CALLS, BASE = "stop", "tool_calls", "/v1"
USAGE: JsonDict = {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}
DONE = "data: [DONE]\n\n"
_NAME = re.compile(r"[a-zA-Z0-9_-]{1,64}")


def say(text: str, calls: Sequence[tuple[str, JsonDict]]) -> JsonDict:
    message: JsonDict = {"content": text}
    if calls:
        message["content"] = text or None
        message["tool_calls"] = [
            {
                "id": f"call_{number}",
                "type": "function",
                "function": {"name": name, "arguments": dumps(arguments)},
            }
            for number, (name, arguments) in enumerate(calls, 1)
        ]
    return message


def whole(reply: Ordinary) -> JsonDict:
    message = {"role": "assistant", **reply.message}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish}
    body = {"id": "chatcmpl-1", "object": "chat.completion", "created": 1, "model": "m1"}
    usage = {} if reply.usage is None else {"usage": reply.usage}
    return {**body, "choices": [choice], **usage}


def events(reply: Ordinary) -> list[Any]:
    parts = [_delta({"role": "assistant", "content": ""})]
    for key, value in reply.message.items():
        if key == "tool_calls":
            parts += [_delta({key: [call]}) for call in _indexed(value or (), reply.indexed)]
        elif isinstance(value, str) and key != "role":
            parts += [_delta({key: piece}) for piece in halves(value)]
        elif value is not None and key != "role":
            parts.append(_delta({key: value}))
    parts.append(_delta({}, reply.finish))
    if reply.usage is not None:
        parts.append({**_chunk(), "choices": [], "usage": reply.usage})
    return [*parts, DONE]


def _indexed(calls: Sequence[JsonDict], indexed: bool) -> list[JsonDict]:
    """The calls with their indices; if any has one, or null, all are as they are written."""
    if not indexed or any("index" in call for call in calls):
        return list(calls)
    return [{"index": index, **call} for index, call in enumerate(calls)]


def _chunk() -> JsonDict:
    return {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1, "model": "m1"}


def _delta(delta: JsonDict, finish: str | None = None) -> JsonDict:
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {**_chunk(), "choices": [choice]}


def frame(event: Mapping[str, Any]) -> str:
    """An event; one with `delta` is short for a chunk of one choice with it."""
    if "delta" in event:
        rest = {key: value for key, value in event.items() if key not in {"delta", "finish"}}
        event = {**_delta(event["delta"], event.get("finish")), **rest}
    return data(event)


def results(body: JsonDict) -> list[str]:
    return [str(m.get("content")) for m in body.get("messages", []) if m.get("role") == "tool"]


def refusal(message: str) -> JsonDict:
    error = {"message": message, "type": "invalid_request_error", "param": None, "code": None}
    return {"error": error}


def broken_rule(body: JsonDict) -> str | None:
    """What OpenAI refuses of any model: https://platform.openai.com/docs/guides/error-codes."""
    tools = body.get("tools")
    if tools == []:
        return "Invalid 'tools': empty array. Expected an array with minimum length 1, but got 0."
    if "tool_choice" in body and not tools:
        return "Invalid value for 'tool_choice': 'tool_choice' is only allowed when 'tools' are specified."
    for index, tool in enumerate(tools or ()):
        if not _NAME.fullmatch(tool["function"]["name"]):
            return (
                f"Invalid 'tools[{index}].function.name': string does not match pattern. "
                "Expected a string that matches the pattern '^[a-zA-Z0-9_-]+$'."
            )
        parameters = tool["function"].get("parameters") or {}
        if parameters.get("type") != "object":
            name, kind = tool["function"]["name"], parameters.get("type")
            return (
                f"Invalid schema for function '{name}': schema must be a JSON Schema of "
                f"'type: \"object\"', got 'type: \"{kind}\"'."
            )
    return _broken_turn(body["messages"])


def _broken_turn(messages: Sequence[JsonDict]) -> str | None:
    waiting: list[str] = []
    for index, message in enumerate(messages):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in waiting:
                return (
                    f"Invalid parameter: messages with role 'tool' must be a response to a "
                    f"preceding message with 'tool_calls'. (messages.[{index}].role)"
                )
            waiting.remove(message["tool_call_id"])
            continue
        if waiting:
            return (
                "An assistant message with 'tool_calls' must be followed by tool messages "
                "responding to each 'tool_call_id'. The following tool_call_ids did not have "
                f"response messages: {', '.join(waiting)}"
            )
        waiting = [call["id"] for call in message.get("tool_calls") or ()]
        if message.get("tool_calls") == []:
            return f"Invalid 'messages[{index}].tool_calls': empty array."
        if len(waiting) != len(set(waiting)):
            return f"Duplicate value for 'tool_call_id' of {waiting[0]} in message[{index}]"
    return None
