"""Cache: model replies that may answer the same request again, by a key of the whole request."""

from __future__ import annotations

import hashlib
from typing import Protocol

import orjson

from parallel_agents.core.message import Part, ToolCall
from parallel_agents.core.model import ModelReply, ModelRequest


class ReplyCache(Protocol):
    async def cached_reply(self, key: str, *, seconds: float) -> ModelReply | None:
        """The reply under a key, if it is at most `seconds` old and has not expired."""
        ...

    async def keep_reply(self, key: str, reply: ModelReply, *, seconds: float) -> None:
        """Store a reply for this long in place of an earlier one, and delete expired replies."""
        ...


def _sent(part: Part) -> object:
    """A part without the fields of a call that are empty, as an older version stored its key."""
    if not isinstance(part, ToolCall):
        return part
    call = {"id": part.id, "name": part.name, "arguments": part.arguments, "type": part.type}
    more = {"signature": part.signature, "unread": part.unread}
    return {**call, **{name: text for name, text in more.items() if text}}


def key_of(model: str, request: ModelRequest) -> str:
    """SHA-256 of everything that a model is sent, as canonical JSON."""
    sent = [
        model,
        request.system,
        [{"role": each.role, "parts": list(map(_sent, each.parts))} for each in request.messages],
        request.tools,
        request.output_schema,
        request.max_output_tokens,
        request.temperature,
        request.thinking,
    ]
    return hashlib.sha256(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)).hexdigest()
