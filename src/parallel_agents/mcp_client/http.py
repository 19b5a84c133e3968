"""HTTP: the way to a server at an address, which speaks streamable HTTP.

https://modelcontextprotocol.io/specification/2025-11-25/basic/transports#streamable-http
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from types import TracebackType
from typing import NamedTuple, TypeAlias
from urllib.parse import urlsplit

import httpx2
from mcp.client.streamable_http import streamable_http_client
from typing_extensions import override

from parallel_agents._version import __version__
from parallel_agents.errors import ConfigError
from parallel_agents.mcp_client.http_bounds import BoundedTransport
from parallel_agents.mcp_client.lines import MOST_BYTES
from parallel_agents.mcp_client.link import Link, Reads, Writes
from parallel_agents.mcp_client.references import Resolved

_CONNECT_SECONDS = 15.0
_WRITE_SECONDS = 60.0
_CLOSE_SECONDS = 3.0
_MOST_CONNECTIONS = 100


class Route(NamedTuple):
    """How an address is reached: through a proxy, and by which authorities; None for neither."""

    proxy: str | None = None
    context: ssl.SSLContext | None = None


# How an address is reached; raises ConfigError if what the environment says of it cannot be used.
FindRoute: TypeAlias = Callable[[str], Route]


class HttpLink(Link):
    """The way to a server at an address.

    Args:
        resolved: its entry.
        find_route: how its address is reached.
    """

    def __init__(self, resolved: Resolved, find_route: FindRoute) -> None:
        self._resolved = resolved
        self._find_route = find_route
        self._stack = AsyncExitStack()

    @override
    async def __aenter__(self) -> tuple[Reads, Writes]:
        url = self._resolved.url
        if urlsplit(url).scheme not in {"http", "https"}:
            raise ConfigError("its url does not begin with http:// or https://")
        route = self._find_route(url)
        transport = httpx2.AsyncHTTPTransport(
            verify=route.context or True,
            trust_env=False,
            proxy=route.proxy,
            limits=httpx2.Limits(max_connections=_MOST_CONNECTIONS),
        )
        client = httpx2.AsyncClient(
            transport=BoundedTransport(transport),
            trust_env=False,
            timeout=httpx2.Timeout(
                connect=_CONNECT_SECONDS, write=_WRITE_SECONDS, read=None, pool=None
            ),
            # Nothing is decompressed, so that what arrives is as long as it is.
            headers={
                "user-agent": f"pagents/{__version__}",
                **self._resolved.headers,
                "accept-encoding": "identity",
            },
        )
        try:
            await self._stack.enter_async_context(client)
            return await self._stack.enter_async_context(
                streamable_http_client(url, http_client=client, max_sse_event_size=2 * MOST_BYTES)
            )
        except BaseException:
            await self._stack.aclose()
            raise

    @override
    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(_CLOSE_SECONDS):
                await self._stack.aclose()

    @override
    async def wait_ended(self) -> None:
        await asyncio.Event().wait()  # each request tells for itself

    @property
    @override
    def said(self) -> str:
        return ""
