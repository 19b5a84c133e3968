"""Wrapped: the bases of models and listeners that wrap another."""

from __future__ import annotations

from contextlib import AbstractContextManager

from parallel_agents.core.model import Capabilities, Listener, Model, resting
from parallel_agents.errors import ProviderError


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


class WrappedListener:
    """Forwards to the wrapped listener, if there is one; a subclass adds `wants_text` and `text`."""

    def __init__(self, listener: Listener | None) -> None:
        self._listener = listener

    @property
    def keeps_text(self) -> bool:
        return self._listener is not None and self._listener.keeps_text

    def retrying(self, error: ProviderError, *, attempt: int, wait_seconds: float) -> None:
        if self._listener is not None:
            self._listener.retrying(error, attempt=attempt, wait_seconds=wait_seconds)

    def waiting(self, reason: str, seconds: float) -> None:
        if self._listener is not None:
            self._listener.waiting(reason, seconds)

    def noticed(self, text: str) -> None:
        if self._listener is not None:
            self._listener.noticed(text)

    def unanswered(self) -> None:
        if self._listener is not None:
            self._listener.unanswered()

    def resting(self) -> AbstractContextManager[None]:
        return resting(self._listener)
