"""Wrapped: the base of models that wrap another; it forwards everything except `respond`."""

from __future__ import annotations

from parallel_agents.core.model import Capabilities, Model


class Wrapped:
    """Forwards to the wrapped model; a subclass adds `respond`."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self.name = model.name  # each wrapper of a call asks for it

    @property
    def capabilities(self) -> Capabilities:
        return self._model.capabilities

    async def start(self) -> None:
        await self._model.start()

    async def aclose(self) -> None:
        await self._model.aclose()
