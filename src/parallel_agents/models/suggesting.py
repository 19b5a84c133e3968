"""Suggesting: when a provider no longer has a model, the error names what the provider lists now."""

from __future__ import annotations

from parallel_agents.core.model import Listener, Model, ModelReply, ModelRequest
from parallel_agents.errors import ModelNotFound
from parallel_agents.models.listing import Finder
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.wrapped import Wrapped


class Suggesting(Wrapped):
    """Wraps a model and asks its provider for others only once a call has failed for want of it."""

    def __init__(self, model: Model, endpoint: Endpoint, finder: Finder) -> None:
        super().__init__(model)
        self._endpoint = endpoint
        self._finder = finder

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        try:
            return await self._model.respond(request, listener)
        except ModelNotFound as error:
            wanted = self.name.partition("/")[2]
            error.hint = await self._finder.find_hint(self._endpoint, wanted) or error.hint
            raise
