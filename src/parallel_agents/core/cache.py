"""Cache: model replies that may answer the same request again, by a key of the whole request."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Protocol

import orjson

from parallel_agents.core.message import Message, Part, Role, ToolCall
from parallel_agents.core.model import ModelReply, ModelRequest
from parallel_agents.core.schema import JsonObject


class ReplyCache(Protocol):
    async def cached_reply(self, key: str, *, seconds: float) -> ModelReply | None:
        """The reply under a key, if it is at most `seconds` old and has not expired."""
        ...

    async def keep_reply(self, key: str, reply: ModelReply, *, seconds: float) -> None:
        """Store a reply for this long in place of an earlier one, and delete expired replies."""
        ...


@dataclass(frozen=True, slots=True)
class _Turn:
    """A message as keys have it: in this order of fields, or stored replies are not found again."""

    role: Role
    parts: tuple[object, ...]


@dataclass(frozen=True, slots=True)
class _Call:
    id: str
    name: str
    arguments: JsonObject
    type: str


def _turn(message: Message) -> _Turn:
    return _Turn(message.role, tuple(map(_part, message.parts)))


def _part(part: Part) -> object:
    if not isinstance(part, ToolCall) or part.signature or part.unread:
        return part
    return _Call(part.id, part.name, part.arguments, part.type)


def key_of(model: str, request: ModelRequest) -> str:
    """SHA-256 of everything that a model is sent, as canonical JSON."""
    sent = [
        model,
        request.system,
        tuple(map(_turn, request.messages)),
        request.tools,
        request.output_schema,
        request.max_output_tokens,
        request.temperature,
        request.thinking,
    ]
    return hashlib.sha256(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)).hexdigest()
