"""Cached: a request that was answered before costs nothing, where the request asks for that."""

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
class _Flight:
    """A call on its way, and what became of it for those that ask the same meanwhile."""

    landed: asyncio.Event = field(default_factory=asyncio.Event)
    came: ModelReply | ProviderError | None = None


class Cached(Wrapped):
    """Wraps a model, outside of what tries again and of what pays.

    Requests that are the same and in flight at once make one call. Kept is only what may serve
    again: a whole answer that fits its schema, or calls of tools.
    """

    def __init__(self, model: Model, cache: ReplyCache) -> None:
        super().__init__(model)
        self._cache = cache
        self._flights: dict[tuple[str, float], _Flight] = {}

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        """The reply that was kept, that of the same request under way, or the model's."""
        if not request.cache_seconds:
            return await self._model.respond(request, listener)
        place = (key_of(self.name, request), request.cache_seconds)
        while (flight := self._flights.get(place)) is not None:
            with resting(listener):
                await flight.landed.wait()
            match flight.came:
                case ModelReply() as reply:
                    return _at_no_cost(reply, listener)
                case ProviderError() as error:
                    raise error
                case None:
                    pass  # its run was ended, or had no budget: no other is to fail by that
        return await self._lead(place, request, listener)

    async def _lead(
        self, place: tuple[str, float], request: ModelRequest, listener: Listener | None
    ) -> ModelReply:
        """Look for the reply, or have it made, for all that ask for it meanwhile."""
        key, seconds = place
        flight = self._flights[place] = _Flight()
        try:
            kept = await self._cache.cached_reply(key, seconds=seconds)
            if kept is not None:
                flight.came = kept
                return _at_no_cost(kept, listener)
            flight.came = reply = await self._model.respond(request, listener)
            if _may_serve_again(reply, request):
                await self._cache.keep_reply(key, reply, seconds=seconds)
            return reply
        except ProviderError as error:
            flight.came = error
            raise
        finally:
            del self._flights[place]
            flight.landed.set()


def _may_serve_again(reply: ModelReply, request: ModelRequest) -> bool:
    if reply.finish is Finish.TOOLS or reply.message.tool_calls:
        return True
    fits = not isinstance(check_output(reply.message.text, request.output_schema), Rejected)
    return reply.finish is Finish.STOP and fits


def _at_no_cost(reply: ModelReply, listener: Listener | None) -> ModelReply:
    text = reply.message.text
    if listener is not None and listener.wants_text and text:
        listener.text(text)
    return replace(reply, usage=Usage(), tries=0, cached=True)
