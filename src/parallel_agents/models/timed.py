"""Timed: every call of a model has a deadline."""

from __future__ import annotations

import asyncio

from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.errors import CallTimedOut
from parallel_agents.models.wrapped import Wrapped


class Timed(Wrapped):
    """Wraps a model and cancels a call that outlasts the request's `timeout_seconds`."""

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        deadline = asyncio.timeout(request.timeout_seconds)
        try:
            async with deadline:
                return await self._model.respond(request, listener)
        except TimeoutError as error:
            if not deadline.expired():
                raise
            raise CallTimedOut(
                f"{self.name} gave no answer in {request.timeout_seconds:g} s",
                hint="raise call_timeout_seconds, or choose another model (--model, in Python model=)",
            ) from error
