"""Http: one connection pool for all wires, which takes JSON and yields the JSON values that come back."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager, suppress
from functools import cached_property
from types import TracebackType
from typing import TYPE_CHECKING, NamedTuple, Self

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.errors import MalformedReply, ProviderError, ReplyTooLarge, StreamCut
from parallel_agents.models.bounds import MOST_DOCUMENT_BYTES, MOST_STREAM_BYTES, TooLarge
from parallel_agents.models.failures import from_client_error, from_response, make_failure
from parallel_agents.models.faults import refused_by_proxy
from parallel_agents.models.network import Network
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.proxies import Proxy
from parallel_agents.models.reading.documents import is_json_start, read_document, read_event
from parallel_agents.models.sse import EventReader

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

_CONNECT_SECONDS = 10.0
_LARGE_BYTES = 1 << 20  # aiohttp wants larger bodies in pieces, so that they do not block the loop
_MOST_WHITE_BYTES = 1 << 20
# How much is read before other tasks get their turn: data that has arrived does not make a reader wait.
_TURN_BYTES = 1 << 20
_ERROR_BYTES = 1 << 20
_SHOWN_BYTES = 4096
# How long a stream may take for what follows its last event.
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
        self._stall_seconds = stall_seconds

    @cached_property
    def _plain(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)

    @cached_property
    def _streamed(self) -> aiohttp.ClientTimeout:
        return aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=self._stall_seconds
        )

    def post(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        body: bytes,
        endpoint: Endpoint,
        streams: bool = False,
    ) -> Exchange:
        """A request and its response, as an `async with` block.

        If events were asked for (`streams`), a long silence means that the server is gone.
        """
        session, proxy = self._open(endpoint)
        sending = session.post(
            url,
            data=body if len(body) < _LARGE_BYTES else io.BytesIO(body),
            headers=headers,
            timeout=self._streamed if streams else self._plain,
            allow_redirects=False,  # a redirect would send the key to another host
        )
        return Exchange(sending, endpoint, self.network, proxy)

    async def aclose(self) -> None:
        """Close the connections; a later call would open new ones."""
        routes, self._routes = self._routes, {}
        for route in routes.values():
            await route.session.close()

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


class Exchange:
    """A request and its response as an `async with` block, in which each failure is a ProviderError.

    Some servers send events where a document was requested, or a document where events were, so the
    response itself decides: first ask for its `document`, and if it has none, for its `events`.
    """

    __slots__ = (
        "_endpoint",
        "_in_turn",
        "_network",
        "_proxy",
        "_response",
        "_sending",
        "_size",
        "_start",
    )

    def __init__(
        self,
        sending: AbstractAsyncContextManager[aiohttp.ClientResponse],
        endpoint: Endpoint,
        network: Network,
        proxy: Proxy | None,
    ) -> None:
        self._sending = sending
        self._endpoint = endpoint
        self._network = network
        self._proxy = proxy
        self._start = b""
        self._in_turn = 0
        self._size = 0

    async def __aenter__(self) -> Self:
        try:
            self._response = await self._sending.__aenter__()
        except aiohttp.ClientError as error:
            raise self._failure(error) from None
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self._sending.__aexit__(kind, error, trace)
        if isinstance(error, aiohttp.ClientError):
            raise self._failure(error) from None

    def _failure(self, error: aiohttp.ClientError) -> ProviderError:
        """The failure to raise; it is not chained: the cause's repr shows the key, or a password."""
        fault = self._network.find_fault(self._endpoint, error, self._proxy)
        return fault or from_client_error(self._endpoint, error)

    async def document(self) -> Sequence[Json] | None:
        """The values of a response that is a JSON document, usually one; None if it is something else.

        Raises:
            ProviderError: the server refused, or the document cannot be read, or is larger than 16 MiB.
        """
        if self._response.status >= 300:
            raise await self._refusal()
        if not await self._begins_as_json():
            return None
        return self._parsed(await self._rest())

    def _parsed(self, data: bytes) -> Sequence[Json]:
        try:
            return (orjson.loads(data),)
        except orjson.JSONDecodeError:
            pass
        try:
            return list(read_document(_as_utf8(data, self._response.charset)))
        except ValueError as error:
            raise _unreadable(self._endpoint, data, str(error)) from error

    async def _begins_as_json(self) -> bool:
        """Read until the response tells whether it is JSON; what was read is `_start`."""
        pieces: list[bytes] = []
        size = 0
        is_json: bool | None = None
        while chunk := await self._next():
            pieces.append(chunk)
            size += len(chunk)
            is_json = is_json_start(chunk)
            if is_json is not None or size > _MOST_WHITE_BYTES:
                break
        self._start = b"".join(pieces)
        return bool(is_json)

    async def events(self) -> AsyncGenerator[Json]:
        """The values of a stream's events as they arrive; the end mark is `"[DONE]"`.

        Close the generator (`contextlib.aclosing`) unless it is read to its end.

        Raises:
            ProviderError: an event cannot be read, or the response has none.
        """
        endpoint, reader, has_values = self._endpoint, EventReader(), False
        for value in _events(reader.feed, self._start, endpoint):
            has_values = True
            yield value
        while chunk := await self._next():
            for value in _events(reader.feed, chunk, endpoint):
                has_values = True
                yield value
        if not (has_values or reader.has_data):
            start = self._start
            why = "it is neither JSON nor a stream of events" if start.strip() else "it is empty"
            raise _unreadable(endpoint, start, why)
        try:
            for value in _events(lambda _: reader.close(), b"", endpoint):
                yield value
        except MalformedReply as error:
            what = "cut off its stream in the middle of an event"
            raise make_failure(StreamCut, endpoint, what) from error

    async def _rest(self) -> bytes:
        """The whole response."""
        pieces, size = [self._start], len(self._start)
        while chunk := await self._next():
            pieces.append(chunk)
            size += len(chunk)
            if size > MOST_DOCUMENT_BYTES:
                raise _too_large(
                    self._endpoint, f"it has more than {MOST_DOCUMENT_BYTES >> 20} MiB"
                )
        return b"".join(pieces)

    async def _next(self) -> bytes:
        """What has arrived next; however fast it comes, time limits and other tasks get their turn."""
        chunk = await self._response.content.readany()
        self._in_turn += len(chunk)
        self._size += len(chunk)
        if self._size > MOST_STREAM_BYTES:
            raise _too_large(self._endpoint, f"it has more than {MOST_STREAM_BYTES >> 20} MiB")
        if self._in_turn > _TURN_BYTES:
            self._in_turn = 0
            await asyncio.sleep(0)
        return chunk

    async def _refusal(self) -> ProviderError:
        response, proxy = self._response, self._proxy
        if response.status == 407 and proxy is not None:
            return refused_by_proxy(self._endpoint, proxy, 407, response.reason)
        return from_response(
            self._endpoint,
            response.status,
            headers=response.headers,
            body=await _read_start(response),
            now=time.time(),
        )

    async def drain(self) -> None:
        """Read what follows the last event, for a moment; nothing in it matters."""
        if self._response.content.at_eof():
            return
        with suppress(aiohttp.ClientError, TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while await self._response.content.readany():
                    pass


def _events(
    feed: Callable[[bytes], Sequence[bytes]], chunk: bytes, endpoint: Endpoint
) -> Iterator[Json]:
    event = chunk
    try:
        for event in feed(chunk):
            yield from read_event(event)
    except TooLarge as error:
        raise _too_large(endpoint, str(error)) from error
    except ValueError as error:
        raise _unreadable(endpoint, event, str(error)) from error


async def _read_start(response: aiohttp.ClientResponse) -> bytes:
    """The response, or the first MiB of it: an error says what it says at its start."""
    start = b""
    async for chunk in response.content.iter_any():
        start += chunk
        if len(start) > _ERROR_BYTES:
            break
    return start


def _as_utf8(data: bytes, charset: str | None) -> bytes:
    """JSON that is in the charset that its header names, which should be UTF-8 (RFC 8259, section 8.1)."""
    try:
        return data.decode(charset or "utf-8").encode()
    except (LookupError, UnicodeError):
        return data


def _too_large(endpoint: Endpoint, why: str) -> ProviderError:
    """The failure of a reply beyond a bound; the rest of it is not read."""
    what = "sent a reply that is too large"
    return make_failure(
        ReplyTooLarge, endpoint, what, why=f"{why}; the connection was closed there"
    )


def _unreadable(endpoint: Endpoint, data: bytes, why: str) -> ProviderError:
    start = endpoint.secrets.hide(data[:_SHOWN_BYTES].decode(errors="replace"))[:80]
    what = f"sent a reply that is not JSON: {start!r}"
    return make_failure(MalformedReply, endpoint, what, why=why)
