"""Neighbours: model servers on this machine that could be used; they are suggested, never taken."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

import aiohttp

from parallel_agents.models.providers import Provider

_SECONDS = 0.5
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}


class Neighbour(NamedTuple):
    provider: str
    base_url: str
    models: str
    example: str


async def find_servers(providers: Mapping[str, Provider]) -> list[Neighbour]:
    """The keyless providers on loopback that answer `GET /models` within half a second."""
    local = [
        p
        for p in providers.values()
        if not p.key_variable and urlsplit(p.base_url).hostname in _LOOPBACK
    ]
    timeout = aiohttp.ClientTimeout(total=_SECONDS)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        found = await asyncio.gather(*(_ask(session, provider) for provider in local))
    return [neighbour for neighbour in found if neighbour is not None]


async def _ask(session: aiohttp.ClientSession, provider: Provider) -> Neighbour | None:
    try:
        async with session.get(f"{provider.base_url}/models") as answer:
            names = [str(model["id"]) for model in (await answer.json())["data"]]
    except (aiohttp.ClientError, TimeoutError, ValueError, KeyError, TypeError):
        return None  # nobody there, or something else: there is nothing to suggest
    if not names:
        return None
    return Neighbour(provider.name, provider.base_url, ", ".join(names[:3]), names[0])
