"""Unkeyed: a model whose key is missing, which can be priced and not called."""

from __future__ import annotations

from parallel_agents.core.model import Capabilities, Listener, ModelReply, ModelRequest
from parallel_agents.errors import MissingKey


class Unkeyed:
    """What is known of a model without its key.

    Args:
        name: `provider/model`.
        capabilities: as with the key.
        missing: is raised by each call.
    """

    def __init__(self, name: str, capabilities: Capabilities, missing: MissingKey) -> None:
        self.name = name
        self.capabilities = capabilities
        self._missing = missing

    async def start(self) -> None:
        raise self._missing

    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        raise self._missing

    async def aclose(self) -> None:
        """There is nothing to release."""
