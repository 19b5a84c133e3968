"""First call: opens the home when a client first calls a tool, and not before.

Clients start a server for each of their conversations, of which few call it.
"""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack
from importlib import import_module
from typing import TYPE_CHECKING, Self

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import PagentsError
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.mcp.about import refused
from parallel_agents.surfaces.mcp.client import Client

if TYPE_CHECKING:
    from parallel_agents.surfaces.mcp.calls import Calls

_PACKAGE = "parallel_agents.surfaces.mcp"


class FirstCall:
    """The calls of a client in a home that is opened by the first of them.

    Attributes:
        client: who calls.
    """

    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        client: Client,
    ) -> None:
        self._environment = environment
        self._settings = settings
        self.client = client
        self._opening = asyncio.Lock()  # guards `_calls`: two calls at once open the home once
        self._calls: Calls | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._stack.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self._stack.aclose()

    async def open(self) -> Calls:
        """The calls, in the open home.

        Raises:
            ConfigError, StoreError: the settings or the store cannot be used.
        """
        async with self._opening:
            if self._calls is not None:
                return self._calls
            serving = await asyncio.to_thread(import_module, f"{_PACKAGE}.serving")
            calls: Calls = await self._stack.enter_async_context(
                serving.open_calls(self._environment, self._settings, self.client)
            )
            self._calls = calls
            return calls

    async def call(self, name: str, arguments: JsonObject) -> JsonObject:
        """The answer of a tool; a home that cannot be opened is an answer too."""
        try:
            calls = await self.open()
        except PagentsError as error:
            return refused(error)
        return await calls.answer(name, arguments)

    async def call_looking(self, name: str, arguments: JsonObject) -> JsonObject:
        """The same for a client that may only look."""
        try:
            calls = await self.open()
        except PagentsError as error:
            return refused(error)
        return await calls.answer_looking(name, arguments)
