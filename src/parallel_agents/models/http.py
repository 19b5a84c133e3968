"""Http: one pool of connections for all wires; JSON in, JSON or a stream of it out."""

from __future__ import annotations

import io
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager

import aiohttp
import orjson

from parallel_agents.core.schema import Json
from parallel_agents.errors import MalformedReply, StreamCut
from parallel_agents.models.failures import from_client_error, from_response, make_failure
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.sse import EventReader

DONE = "[DONE]"
_CONNECT_SECONDS = 10.0
_KEEPALIVE_SECONDS = 60.0
_LARGE_BYTES = 1 << 20  # from here on aiohttp wants to send in pieces, so that the loop goes on


class Http:
    """A pool without a bound of its own; it belongs to the event loop of its first call.

    There is no deadline for a whole call: the caller has one. A stream that falls silent for
    `stall_seconds` has failed; a plain reply comes at once, so that its silence says nothing.
    """

    def __init__(self, *, stall_seconds: float = 120.0) -> None:
        self._session: aiohttp.ClientSession | None = None
        self._plain = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)
        self._streamed = aiohttp.ClientTimeout(
            total=None, sock_connect=_CONNECT_SECONDS, sock_read=stall_seconds
        )

    async def post_json(
        self, url: str, headers: Mapping[str, str], *, body: bytes, endpoint: Endpoint
    ) -> Json:
        """The JSON value that the server answers.

        Raises:
            ProviderError: the failure, mapped to one of its classes.
        """
        async with self._post(
            url, headers, body=body, endpoint=endpoint, timeout=self._plain
        ) as response:
            return _parse(await response.read(), endpoint)

    async def stream(
        self, url: str, headers: Mapping[str, str], *, body: bytes, endpoint: Endpoint
    ) -> AsyncGenerator[Json]:
        """The data of each server-sent event as it comes; the end mark `[DONE]` as that string.

        Close it (`contextlib.aclosing`) where it may not be read to its end.

        Raises:
            ProviderError: the failure, mapped to one of its classes.
        """
        reader, came = EventReader(), False
        async with self._post(
            url, headers, body=body, endpoint=endpoint, timeout=self._streamed
        ) as response:
            async for chunk in response.content.iter_any():
                for data in reader.feed(chunk):
                    came = True
                    yield _parse_event(data, endpoint)
            for data in reader.close():
                came = True
                yield _parse_last_event(data, endpoint)
            if not came and response.content_type != "text/event-stream":
                what = f"answered {response.content_type} where a stream was asked for"
                raise make_failure(MalformedReply, endpoint, what)

    async def aclose(self) -> None:
        """Close the connections; the next call would open new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

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
        try:
            async with self._open().post(
                url,
                data=body if len(body) < _LARGE_BYTES else io.BytesIO(body),
                headers=headers,
                timeout=timeout,
                allow_redirects=False,  # a redirect would carry the key to another host
            ) as response:
                if response.status >= 300:
                    raise from_response(
                        endpoint,
                        response.status,
                        headers=response.headers,
                        body=await response.read(),
                        now=time.time(),
                    )
                yield response
        except aiohttp.ClientResponseError as error:
            # Its repr shows the headers of the request, and with them the key.
            raise from_client_error(endpoint, error) from None
        except aiohttp.ClientError as error:
            raise from_client_error(endpoint, error) from error

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def _parse(body: bytes, endpoint: Endpoint) -> Json:
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        start = body[:80].decode(errors="replace")
        what = f"answered what is not JSON: {start!r}"
        raise make_failure(MalformedReply, endpoint, what, why=str(error)) from error
    return value


def _parse_last_event(data: bytes, endpoint: Endpoint) -> Json:
    """An event without its end: the last of a lax server, or the first half of one that is cut."""
    try:
        return _parse_event(data, endpoint)
    except MalformedReply as error:
        raise make_failure(StreamCut, endpoint, "cut its stream in an event") from error


def _parse_event(data: bytes, endpoint: Endpoint) -> Json:
    return DONE if data == b"[DONE]" else _parse(data, endpoint)
