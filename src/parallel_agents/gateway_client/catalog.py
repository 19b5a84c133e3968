"""Catalog: the agents and teams of a gateway, as its documents describe them."""

from __future__ import annotations

from urllib.parse import quote

from parallel_agents.core.schema import Json
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.wire import ANSWER, ENTRIES

_PAGE, _MOST_PAGES = 500, 20


class RemoteCatalog:
    """What the gateway's catalog has: its project's, its person's and the built-in agents and teams."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def agents(self) -> list[dict[str, Json]]:
        """All agents by name, without what only one of them shows."""
        return await self._all("/agents")

    async def teams(self) -> list[dict[str, Json]]:
        """All teams by name."""
        return await self._all("/teams")

    async def agent(self, name: str) -> dict[str, Json]:
        """One agent: its schemas, instructions and settings.

        Raises:
            UnknownAgent: there is none of that name.
        """
        answer = await self._exchange.get(f"/agents/{quote(name, safe='')}")
        return self._exchange.read_value(ANSWER, answer)

    async def team(self, name: str) -> dict[str, Json]:
        """One team: its inputs and tasks.

        Raises:
            NotFound: there is none of that name.
        """
        answer = await self._exchange.get(f"/teams/{quote(name, safe='')}")
        return self._exchange.read_value(ANSWER, answer)

    async def _all(self, path: str) -> list[dict[str, Json]]:
        found: list[dict[str, Json]] = []
        for _ in range(_MOST_PAGES):
            query = {"limit": str(_PAGE)}
            if found:
                query["after"] = str(found[-1].get("name"))
            answer = await self._exchange.get(path, query=query)
            found += (page := self._exchange.read_value(ENTRIES, answer.get("items")))
            if not page or answer.get("next") is None:
                break
        return found
