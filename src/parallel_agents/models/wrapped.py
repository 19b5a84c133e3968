"""Wrapped: what a model that wraps another has in common with it: all but how it responds."""

from __future__ import annotations

from parallel_agents.core.model import Capabilities, Model


class Wrapped:
    """The base of wrappers; each says by its own `respond` what it is for."""

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
