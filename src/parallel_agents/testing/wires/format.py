"""Format: what a wire of the loopback provider is, and the parts that all wires share."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple, TypeAlias

from parallel_agents.core.schema import JsonObject
from parallel_agents.core.usage import Usage
from parallel_agents.models.shapes import dump
from parallel_agents.testing.behaviour import HttpError, Refusal, Reply

Content: TypeAlias = Reply | Refusal
Whole = Callable[[Content, str, Usage], bytes]
Chunks = Callable[[Content, str, Usage, int], Iterator[bytes]]


def error_body(fault: HttpError) -> bytes:
    """An error in the form that OpenAI and Anthropic use."""
    inner: JsonObject = {"type": fault.type, "code": fault.type, "message": fault.message}
    return dump({"type": "error", "error": inner})


class WireFormat(NamedTuple):
    """How a wire encodes a reply, from its content, the model, the usage, and the chunk size."""

    whole: Whole
    chunks: Chunks
    error: Callable[[HttpError], bytes] = error_body


def pieces(text: str, size: int) -> Iterator[str]:
    for start in range(0, len(text), size):
        yield text[start : start + size]


def event(value: JsonObject) -> bytes:
    return b"data: " + dump(value) + b"\n\n"


def typed(kind: str, fields: JsonObject) -> bytes:
    """An event that says its type in its data as well."""
    return b"event: " + kind.encode() + b"\n" + event({"type": kind, **fields})
