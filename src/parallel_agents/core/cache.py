"""Cache: replies of models that may answer the same request again, by a key of the whole request."""

from __future__ import annotations

import hashlib
from typing import Protocol

import orjson

from parallel_agents.core.model import ModelReply, ModelRequest


class ReplyCache(Protocol):
    async def cached_reply(self, key: str, *, seconds: float) -> ModelReply | None:
        """The reply kept under a key, if that is at most `seconds` ago and it has not expired."""
        ...

    async def keep_reply(self, key: str, reply: ModelReply, *, seconds: float) -> None:
        """Keep a reply for so long, in the place of one that is there; those expired go."""
        ...


def key_of(model: str, request: ModelRequest) -> str:
    """What tells one request from another: SHA-256 of all that a model is sent, as canonical JSON."""
    sent = [
        model,
        request.system,
        request.messages,
        request.tools,
        request.output_schema,
        request.max_output_tokens,
        request.temperature,
        request.thinking,
    ]
    return hashlib.sha256(orjson.dumps(sent, option=orjson.OPT_SORT_KEYS)).hexdigest()
