"""Cached: a request that allows it gets the stored reply of an identical request, at no cost."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

from parallel_agents.core.cache import ReplyCache, key_of
from parallel_agents.core.model import (
    Finish,
    Listener,
    Model,
    ModelReply,
    ModelRequest,
    resting,
)
from parallel_agents.core.output import Rejected, check_output
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ProviderError
from parallel_agents.models.wrapped import Wrapped


@dataclass(slots=True)
class _SharedCall:
    """A call in flight, and its outcome for the identical requests that wait for it."""

    ended: asyncio.Event = field(default_factory=asyncio.Event)
    outcome: ModelReply | ProviderError | None = None


class Cached(Wrapped):
    """Wraps a model, outside of `Retrying` and `Budgeted`.

    Identical requests in flight share one call. Only a reusable reply is stored: a complete answer
    that matches its schema, or tool calls.
    """

    def __init__(self, model: Model, cache: ReplyCache) -> None:
        super().__init__(model)
        self._cache = cache
        self._calls: dict[tuple[str, float], _SharedCall] = {}

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """The stored reply, the reply of an identical request in flight, or a new one."""
        if not request.cache_seconds:
            return await self._model.respond(request, listener)
        call_key = (key_of(self.name, request), request.cache_seconds)
        while (call := self._calls.get(call_key)) is not None:
            with resting(listener):
                await call.ended.wait()
            match call.outcome:
                case ModelReply() as reply:
                    return _at_no_cost(reply, listener)
                case ProviderError() as error:
                    raise error
                case None:
                    pass  # its run ended or had no budget, which must not fail the other requests
        return await self._lead(call_key, request, listener)

    async def _lead(
        self, call_key: tuple[str, float], request: ModelRequest, listener: Listener | None
    ) -> ModelReply:
        """Find or make the reply, and share it with the requests that wait for it."""
        key, seconds = call_key
        call = self._calls[call_key] = _SharedCall()
        try:
            stored = await self._cache.cached_reply(key, seconds=seconds)
            if stored is not None:
                call.outcome = stored
                return _at_no_cost(stored, listener)
            call.outcome = reply = await self._model.respond(request, listener)
            if _is_reusable(reply, request):
                await self._cache.keep_reply(key, reply, seconds=seconds)
            return reply
        except ProviderError as error:
            call.outcome = error
            raise
        finally:
            del self._calls[call_key]
            call.ended.set()


def _is_reusable(reply: ModelReply, request: ModelRequest) -> bool:
    if reply.finish is Finish.TOOLS or reply.message.tool_calls:
        return True
    fits = not isinstance(check_output(reply.message.text, request.output_schema), Rejected)
    return reply.finish is Finish.STOP and fits


def _at_no_cost(reply: ModelReply, listener: Listener | None) -> ModelReply:
    text = reply.message.text
    if listener is not None and listener.wants_text and text:
        listener.text(text)
    return replace(reply, usage=Usage(), tries=0, cached=True)
