"""Http: one connection pool for all wires, which takes JSON and yields the JSON values that come back."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from typing import NamedTuple

import aiohttp
import orjson

from parallel_agents.core.schema import Json
from parallel_agents.errors import MalformedReply, ProviderError, StreamCut
from parallel_agents.models.failures import from_client_error, from_response, make_failure
from parallel_agents.models.faults import refused_by_proxy
from parallel_agents.models.network import Network
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.proxies import Proxy
from parallel_agents.models.reading.documents import is_json_start, read_document, read_event
from parallel_agents.models.sse import EventReader

_CONNECT_SECONDS = 10.0
_LARGE_BYTES = 1 << 20  # aiohttp wants larger bodies in pieces, so that they do not block the loop
_MOST_BYTES = 128 << 20
_ERROR_BYTES = 1 << 20
_SHOWN_BYTES = 4096
# After its last event a stream is read a little further: a connection at its end can be used again.
_DRAIN_SECONDS = 0.1


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

    async def post(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes,
        endpoint: Endpoint,
        streams: bool = False,
        is_over: Callable[[], bool] = lambda: False,
    ) -> AsyncGenerator[Json]:
        """Post a request and yield the JSON values of the response, whole or as events.

        Servers send one where the other was asked for, so the response itself decides. The end mark
        of a stream is `"[DONE]"`. Close the generator (`contextlib.aclosing`) unless it is read to
        its end.

        If events were asked for (`streams`), they are yielded as they arrive. Once the caller needs no
        further value (`is_over`), what follows does not matter.

        Raises:
            ProviderError: the call failed; the class tells how.
        """
        timeout = self._streamed if streams else self._plain
        async with self._post(
            url, headers, body=body, endpoint=endpoint, timeout=timeout
        ) as response:
            try:
                async for value in _values(response, endpoint):
                    yield value
            finally:
                if is_over():
                    await _drain(response)

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
                        body=await _read_start(response),
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


async def _values(response: aiohttp.ClientResponse, endpoint: Endpoint) -> AsyncGenerator[Json]:
    """The values of a response: those of a JSON document, or those of events as they arrive."""
    start = b""
    while (is_json := is_json_start(start)) is None and (chunk := await response.content.readany()):
        start += chunk
    if is_json:
        for value in _document(await _read(response, endpoint, start), endpoint):
            yield value
        return
    reader, chunk, has_values = EventReader(), start, False
    while chunk:
        for value in _events(reader.feed, chunk, endpoint):
            has_values = True
            yield value
        chunk = await response.content.readany()
    if not (has_values or reader.has_data):
        why = "it is neither JSON nor a stream of events" if start.strip() else "it is empty"
        raise _unreadable(endpoint, start, why)
    try:
        for value in _events(lambda _: reader.close(), b"", endpoint):
            yield value
    except MalformedReply as error:
        what = "cut off its stream in the middle of an event"
        raise make_failure(StreamCut, endpoint, what) from error


def _events(
    feed: Callable[[bytes], Sequence[bytes]], chunk: bytes, endpoint: Endpoint
) -> Iterator[Json]:
    event = chunk
    try:
        for event in feed(chunk):
            yield from read_event(event)
    except ValueError as error:
        raise _unreadable(endpoint, event, str(error)) from error


async def _read(response: aiohttp.ClientResponse, endpoint: Endpoint, start: bytes) -> bytes:
    """The whole response, which begins with `start`.

    Raises:
        MalformedReply: it is larger than 128 MiB.
    """
    pieces = [start]
    size = len(start)
    async for chunk in response.content.iter_any():
        pieces.append(chunk)
        size += len(chunk)
        if size > _MOST_BYTES:
            raise make_failure(MalformedReply, endpoint, "sent a reply of more than 128 MiB")
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)


async def _read_start(response: aiohttp.ClientResponse) -> bytes:
    """The response, or the first MiB of it: an error says what it says at its start."""
    start = b""
    async for chunk in response.content.iter_any():
        start += chunk
        if len(start) > _ERROR_BYTES:
            break
    return start


async def _drain(response: aiohttp.ClientResponse) -> None:
    """Read what follows the last event, for a moment; nothing in it matters."""
    if response.content.at_eof():
        return
    with suppress(aiohttp.ClientError, TimeoutError):
        async with asyncio.timeout(_DRAIN_SECONDS):
            while await response.content.readany():
                pass


def _document(data: bytes, endpoint: Endpoint) -> Iterator[Json]:
    try:
        yield orjson.loads(data)
    except orjson.JSONDecodeError:
        try:
            yield from read_document(data)
        except ValueError as error:
            raise _unreadable(endpoint, data, str(error)) from error


def _unreadable(endpoint: Endpoint, data: bytes, why: str) -> ProviderError:
    start = endpoint.secrets.hide(data[:_SHOWN_BYTES].decode(errors="replace"))[:80]
    what = f"sent a reply that is not JSON: {start!r}"
    return make_failure(MalformedReply, endpoint, what, why=why)
