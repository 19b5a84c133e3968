"""Http: one connection pool for all wires, which takes JSON and returns JSON or a stream of it."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

import aiohttp
import orjson

from parallel_agents.core.schema import Json
from parallel_agents.errors import MalformedReply, StreamCut
from parallel_agents.models.failures import from_client_error, from_response, make_failure
from parallel_agents.models.faults import refused_by_proxy
from parallel_agents.models.network import Network
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.proxies import Proxy
from parallel_agents.models.sse import EventReader

DONE = "[DONE]"
_CONNECT_SECONDS = 10.0
_LARGE_BYTES = 1 << 20  # aiohttp wants larger bodies in pieces, so that they do not block the loop


class _Route(NamedTuple):
    """The sessions to one server, and the proxy that they go through."""

    session: aiohttp.ClientSession
    proxy: Proxy | None


class Http:
    """An unbounded pool for each server, bound to the event loop of its first call.

    It sets no deadline for a whole call; callers do. A stream fails once it is silent for
    `stall_seconds`. A plain reply arrives in one piece, so its silence proves nothing.
    """

    def __init__(self, network: Network | None = None, *, stall_seconds: float = 120.0) -> None:
        self.network = network or Network()
        self._routes: dict[tuple[str, str], _Route] = {}
        self._plain = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        self._streamed = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=stall_seconds
        )

    async def post_json(
        self, url: str, headers: Mapping[str, str], *, body: bytes, endpoint: Endpoint
    ) -> Json:
        """Post a request and return the JSON value of the response.

        Raises:
            ProviderError: the call failed; the class tells how.
        """
        async with self._post(
            url, headers, body=body, endpoint=endpoint, timeout=self._plain
        ) as response:
            return _parse(await response.read(), endpoint)

    async def stream(
        self, url: str, headers: Mapping[str, str], *, body: bytes, endpoint: Endpoint
    ) -> AsyncGenerator[Json]:
        """Yield the data of each server-sent event as it arrives; the end mark is `"[DONE]"`.

        Close the stream (`contextlib.aclosing`) unless it is read to its end.

        Raises:
            ProviderError: the call failed; the class tells how.
        """
        reader, has_events = EventReader(), False
        async with self._post(
            url, headers, body=body, endpoint=endpoint, timeout=self._streamed
        ) as response:
            async for chunk in response.content.iter_any():
                for data in reader.feed(chunk):
                    has_events = True
                    yield _parse_event(data, endpoint)
            for data in reader.close():
                has_events = True
                yield _parse_last_event(data, endpoint)
            if not has_events and response.content_type != "text/event-stream":
                what = f"answered with {response.content_type} instead of a stream"
                raise make_failure(MalformedReply, endpoint, what)

    async def aclose(self) -> None:
        """Close the connections; a later call would open new ones."""
        routes, self._routes = self._routes, {}
        for route in routes.values():
            await route.session.close()

    @asynccontextmanager
    async def _post(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes,
        endpoint: Endpoint,
        timeout: aiohttp.ClientTimeout,
    ) -> AsyncGenerator[aiohttp.ClientResponse]:
        session, proxy = self._open(endpoint)
        try:
            async with session.post(
                url,
                data=body if len(body) < _LARGE_BYTES else io.BytesIO(body),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,  # a redirect would send the key to another host
            ) as response:
                if response.status == 407 and proxy is not None:
                    raise refused_by_proxy(endpoint, proxy, 407, response.reason)
                if response.status >= 300:
                    raise from_response(
                        endpoint,
                        response.status,
                        headers=response.headers,
                        body=await response.read(),
                        now=time.time(),
                    )
                yield response
        except aiohttp.ClientError as error:
            fault = self.network.find_fault(endpoint, error, proxy)
            # Not chained: the cause's repr shows the key, or the password of the proxy.
            raise fault or from_client_error(endpoint, error) from None

    def check(self, endpoint: Endpoint) -> None:
        """Check that the endpoint can be called from here, without calling it.

        Raises:
            ConfigError: the proxy or the trusted authorities are configured wrongly.
        """
        self.network.check(endpoint.base_url, self._find_proxy(endpoint))

    def _find_proxy(self, endpoint: Endpoint) -> Proxy | None:
        source = f"providers.{endpoint.provider}.proxy"
        return self.network.proxy_for(endpoint.base_url, endpoint.proxy, source)

    def _open(self, endpoint: Endpoint) -> _Route:
        where = (endpoint.base_url, endpoint.proxy)
        route = self._routes.get(where)
        if route is None:
            proxy = self._find_proxy(endpoint)
            session = self.network.open_session(endpoint.base_url, proxy)
            route = self._routes[where] = _Route(session, proxy)
        return route


def _parse(body: bytes, endpoint: Endpoint) -> Json:
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        start = body[:80].decode(errors="replace")
        what = f"answered something that is not JSON: {start!r}"
        raise make_failure(MalformedReply, endpoint, what, why=str(error)) from error
    return value


def _parse_last_event(data: bytes, endpoint: Endpoint) -> Json:
    """Parse an event without an end: a lax server's last event, or half of one that was cut."""
    try:
        return _parse_event(data, endpoint)
    except MalformedReply as error:
        raise make_failure(StreamCut, endpoint, "cut its stream in an event") from error


def _parse_event(data: bytes, endpoint: Endpoint) -> Json:
    return DONE if data == b"[DONE]" else _parse(data, endpoint)
