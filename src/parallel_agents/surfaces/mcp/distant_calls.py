"""Distant calls: the tools of an MCP client, executed at the gateway that the environment names."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Self

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.settings import Environment
from parallel_agents.surfaces.mcp.about import refused
from parallel_agents.surfaces.mcp.client import Client

if TYPE_CHECKING:
    from parallel_agents.app.distant import Distant


class DistantCalls:
    """The calls of a client at a gateway, which is asked when the first of them comes.

    Attributes:
        client: who calls.
    """

    def __init__(self, environment: Environment, client: Client) -> None:
        self._environment = environment
        self.client = client
        self._opening = asyncio.Lock()  # guards `_distant`: two calls at once open it once
        self._distant: Distant | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def open(self) -> Distant:
        """The gateway.

        Raises:
            BadGateway, GatewayUnreachable, GatewayMismatch, NotAuthorized: it cannot be asked.
        """
        async with self._opening:
            if self._distant is not None:
                return self._distant
            opening = await asyncio.to_thread(import_module, "parallel_agents.app.distant")
            distant: Distant = await self._stack.enter_async_context(
                opening.open_distant(self._environment)
            )
            self._distant = distant
            return distant

    async def call(self, name: str, arguments: JsonObject) -> JsonObject:
        """The answer of a tool; a gateway that cannot be asked is an answer too."""
        try:
            distant = await self.open()
            return await distant.tools.call(
                name,
                arguments,
                client=self.client.name,
                longest_wait=self.client.longest_wait,
                allow_answers=self.client.allow_answers,
            )
        except PagentsError as error:
            return refused(error)
