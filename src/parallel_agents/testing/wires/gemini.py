"""Gemini: replies in the format of Google's generateContent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from parallel_agents.core.message import ToolCall
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump
from parallel_agents.testing.behaviour import HttpError, Refusal
from parallel_agents.testing.wires.format import Content, event, pieces

_STATUS_NAMES = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    429: "RESOURCE_EXHAUSTED",
    500: "INTERNAL",
    503: "UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}


def error_body(fault: HttpError) -> bytes:
    """An error in the form that Google uses."""
    name = _STATUS_NAMES.get(fault.status, "UNKNOWN")
    return dump({"error": {"code": fault.status, "message": fault.message, "status": name}})


def whole(content: Content, model: str, usage: Usage) -> bytes:
    return dump(_response(_parts(content), model, _finish(content), usage))


def chunks(content: Content, model: str, usage: Usage, size: int) -> Iterator[bytes]:
    for part in _parts(content):
        if "text" not in part:
            yield event(_response([part], model, None, None))
            continue
        for piece in pieces(str(part["text"]), size):
            yield event(_response([{"text": piece}], model, None, None))
    yield event(_response([], model, _finish(content), usage))


def _response(
    parts: Sequence[JsonObject], model: str, finish: str | None, usage: Usage | None
) -> JsonObject:
    content: JsonObject = {"role": "model", "parts": parts} if parts else {"role": "model"}
    candidate: JsonObject = {"content": content, "index": 0}
    return {
        "candidates": [{**candidate, "finishReason": finish} if finish else candidate],
        **({} if usage is None else {"usageMetadata": _usage(usage)}),
        "modelVersion": model,
        "responseId": "loopback",
    }


def _parts(content: Content) -> Sequence[JsonObject]:
    if isinstance(content, str):
        return [{"text": content}]
    return [] if isinstance(content, Refusal) else [_call(call) for call in content]


def _call(call: ToolCall) -> JsonObject:
    function: JsonObject = {"id": call.id, "name": call.name, "args": call.arguments}
    return {
        "functionCall": function,
        **({"thoughtSignature": call.signature} if call.signature else {}),
    }


def _finish(content: Content) -> str:
    return "SAFETY" if isinstance(content, Refusal) else "STOP"


def _usage(usage: Usage) -> JsonObject:
    read = usage.input_tokens + usage.cache_read_tokens + usage.cache_write_tokens
    return {
        "promptTokenCount": read,
        "cachedContentTokenCount": usage.cache_read_tokens,
        "candidatesTokenCount": usage.output_tokens,
        "totalTokenCount": read + usage.output_tokens,
    }
