"""Exchange: requests to a gateway and its answers, each within bounds of size and time."""

from __future__ import annotations

import asyncio
import logging
import os
import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from hashlib import sha256
from math import ceil
from time import monotonic
from types import MappingProxyType
from typing import TYPE_CHECKING, cast

import orjson

from parallel_agents.core.ids import make_long_name
from parallel_agents.errors import GatewayMismatch, GatewayUnreachable, InvalidInput
from parallel_agents.gateway_client.address import Address
from parallel_agents.gateway_client.pauses import AWAY_SECONDS, pause_after
from parallel_agents.gateway_client.refusals import refusal_of
from parallel_agents.gateway_client.wire import (
    FIRST_SENT,
    FORMAT,
    LOOK,
    MOST_ASKED,
    Asked,
    Look,
    T,
    UnreadableAnswer,
    encode_asked,
)

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

_log = logging.getLogger(__name__)
_CUTS_TOLD = 2  # one may be a connection that was idle for too long
_API = "/api/v1"
_NO_HEADERS: Mapping[str, str] = MappingProxyType({})
_MOST_ANSWER = 64 << 20
_MOST_REFUSAL = 64 << 10
_CONNECT_SECONDS, _SECONDS, _SILENT_SECONDS = 10.0, 90.0, 45.0


class Exchange:
    """Asks one gateway.

    Args:
        address: where it is.
        http: a session through the proxy and with the authorities of this machine.

    Attributes:
        url: where it is, as errors name it.
    """

    def __init__(self, address: Address, http: aiohttp.ClientSession) -> None:
        self.url = address.url
        self._http = http
        self._answered = False
        self._one = aiohttp.ClientTimeout(total=_SECONDS, connect=_CONNECT_SECONDS)
        self._stream = aiohttp.ClientTimeout(
            total=None,
            connect=_CONNECT_SECONDS,
            sock_connect=_CONNECT_SECONDS,
            sock_read=_SILENT_SECONDS,
        )
        self._headers = {
            "Authorization": f"Bearer {address.token}",
            "Accept": "application/json",
            "Accept-Encoding": "identity",
        }

    async def look(self, look: Look[T], asked: Asked) -> T:
        """Look something up.

        Raises:
            PagentsError: what the gateway says, or what kept it from saying anything.
        """
        given = encode_asked(asked)
        if len(given) > MOST_ASKED:
            raise GatewayMismatch(
                "more was asked for than fits into one request", hint="ask for less at once"
            )
        value = await self.get(LOOK, query={"asked": given})
        return self.read(look, value)

    def read(self, look: Look[T], answer: Mapping[str, object]) -> T:
        """What was found, of the document that has it.

        Raises:
            GatewayMismatch: it is of another form.
        """
        if answer.get("format") != FORMAT:
            raise self.mismatch("its answers have another form than this version reads")
        return self.read_value(look, answer.get("value"))

    def read_value(self, look: Look[T], value: object) -> T:
        """A value of the type that this look gives.

        Raises:
            GatewayMismatch: it is of another one.
        """
        try:
            return look.read(value)
        except UnreadableAnswer as error:
            raise self.mismatch(f"{look.name}: {error}") from error

    async def get(
        self, path: str, *, query: Mapping[str, str] | None = None
    ) -> Mapping[str, object]:
        """The object at a path, asked for again while the gateway is away.

        Raises:
            PagentsError: what the gateway says, or what kept it from saying anything.
        """
        return await self._again(lambda _: self._object("GET", path, query=query))

    async def ask(self, path: str, body: Mapping[str, object]) -> Mapping[str, object]:
        """The answer to a question that is too long for an address; it changes nothing there.

        Raises:
            PagentsError: as for `get`.
        """
        return await self._again(lambda _: self._object("POST", path, body=body))

    async def change(
        self,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        method: str = "POST",
        key: str | None = None,
    ) -> Mapping[str, object]:
        """What a change answers; it is sent again under one key while the gateway is away, and done once.

        Where the key also names what is begun, it is given; by default it is a new one.

        Raises:
            PagentsError: as for `get`; of a gateway that stays away, whether the change may be done.
        """
        name = key or make_long_name()

        def send(seconds: float) -> Awaitable[Mapping[str, object]]:
            return self.change_once(path, body, method=method, key=name, sent_seconds_ago=seconds)

        return await self._again(send)

    async def change_once(
        self,
        path: str,
        body: Mapping[str, object] | None = None,
        *,
        method: str = "POST",
        key: str,
        sent_seconds_ago: float = 0.0,
    ) -> Mapping[str, object]:
        """What a change answers that the caller sends again, under the same key and with the seconds since the first time.

        Raises:
            PagentsError: as for `change`.
        """
        headers = {"Idempotency-Key": key}
        if sent_seconds_ago:
            headers[FIRST_SENT] = str(ceil(sent_seconds_ago))
        try:
            return await self._object(method, path, body=body, headers=headers)
        except GatewayUnreachable as error:
            if error.was_sent or sent_seconds_ago:
                error.was_sent = True
                error.hint = f"it may be done: look before you ask again (request {key})"
            raise

    async def _again(
        self, send: Callable[[float], Awaitable[Mapping[str, object]]]
    ) -> Mapping[str, object]:
        """What is answered in the end, sent again while the gateway is away.

        Of a gateway that has never answered, the address may be wrong: it is asked twice.
        """
        began, cuts, sent_at = monotonic(), 0, 0.0
        while True:
            now = monotonic()
            try:
                return await send(now - sent_at if sent_at else 0.0)
            except GatewayUnreachable as error:
                sent_at = sent_at or (now if error.was_sent else 0.0)
                cuts += 1
                pause = pause_after(cuts)
                is_late = monotonic() + pause > began + AWAY_SECONDS
                if is_late or (cuts > 1 and not self._answered):
                    raise
                if cuts == _CUTS_TOLD:
                    _log.warning("%s (%s); trying again", error.message, error.why)
                await asyncio.sleep(pause)

    async def _object(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Mapping[str, object] | None = None,
        headers: Mapping[str, str] = _NO_HEADERS,
    ) -> Mapping[str, object]:
        content = None if body is None else orjson.dumps(body)
        if content is not None:
            headers = {**headers, "Content-Type": "application/json"}
        return self.read_object(await self._bytes(method, path, query, content, headers))

    async def content(self, path: str, digest: str) -> bytes:
        """The content at a path, which must have this SHA-256.

        Raises:
            PagentsError: what the gateway says, or what kept it from saying anything.
        """
        found = await self._bytes("GET", path, None, None, {})
        if sha256(found).hexdigest() != digest:
            raise self.mismatch("a content is not what its hash says")
        return found

    async def _bytes(
        self,
        method: str,
        path: str,
        query: Mapping[str, str] | None,
        content: bytes | None,
        headers: Mapping[str, str],
    ) -> bytes:
        self.check_open()
        with_token = {**self._headers, **headers}
        try:
            async with self._http.request(
                method,
                f"{self.url}{_API}{path}",
                params=query,
                data=content,
                headers=with_token,
                timeout=self._one,
                allow_redirects=False,
            ) as answer:
                found = await self._body(answer, _MOST_ANSWER)
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise self._unreachable(error) from None
        if answer.status not in (200, 201):
            raise refusal_of(self.url, answer.status, found)
        self._answered = True
        return found

    def check_open(self) -> None:
        """Refuse what is asked after the connection's end.

        Raises:
            InvalidInput: it is closed.
        """
        if self._http.closed:
            raise InvalidInput(
                f"the connection to {self.url} is closed",
                hint="use sessions and handles inside the `async with` that made them",
            )

    def read_object(self, content: bytes) -> Mapping[str, object]:
        """The object that a JSON text is.

        Raises:
            GatewayMismatch: it is none.
        """
        try:
            found: object = orjson.loads(content)
        except orjson.JSONDecodeError as error:
            raise self.mismatch("its answer is not JSON") from error
        if not isinstance(found, dict):
            raise self.mismatch("its answer is not a JSON object")
        return cast("Mapping[str, object]", found)

    @asynccontextmanager
    async def stream(
        self, path: str, query: Mapping[str, str]
    ) -> AsyncGenerator[AsyncIterator[bytes]]:
        """The lines of a stream of events.

        Raises:
            PagentsError: what the gateway says instead, or what kept it from saying anything.
        """
        self.check_open()
        headers = {**self._headers, "Accept": "text/event-stream"}
        try:
            async with self._http.get(
                f"{self.url}{_API}{path}",
                params=query,
                headers=headers,
                timeout=self._stream,
                allow_redirects=False,
            ) as answer:
                if answer.status != 200:
                    body = await self._body(answer, _MOST_REFUSAL)
                    raise refusal_of(self.url, answer.status, body)
                if answer.content_type != "text/event-stream":
                    raise self.mismatch(f"its stream is {answer.content_type[:80]}")
                yield answer.content.iter_any()
        except (aiohttp.ClientError, TimeoutError, OSError, ssl.SSLError) as error:
            raise self._unreachable(error) from None

    async def _body(self, answer: aiohttp.ClientResponse, most: int) -> bytes:
        pieces: list[bytes] = []
        size = 0
        async for piece in answer.content.iter_any():
            size += len(piece)
            if size > most:
                raise self.mismatch(f"its answer is larger than {most >> 20 or 1} MB")
            pieces.append(piece)
        return b"".join(pieces)

    def mismatch(self, why: str) -> GatewayMismatch:
        """The error for an answer that is not one of this version of the gateway."""
        return GatewayMismatch(
            f"the gateway at {self.url} cannot be understood",
            why=why,
            hint="install the same version of pagents on both machines",
        )

    def _unreachable(self, error: Exception) -> GatewayUnreachable:
        """The error for a failure on the way, without what could show a proxy's password."""
        hint = "see whether `pagents serve` runs there, and whether the address is right"
        match error:
            case aiohttp.ClientConnectorCertificateError() | aiohttp.ClientConnectorSSLError():
                why = f"its certificate or its encryption is refused: {_reason(error)}"
                hint = "have SSL_CERT_FILE name the authority that signed it, if it is yours"
            case aiohttp.ClientProxyConnectionError() | aiohttp.ClientHttpProxyError():
                why = "the proxy on the way to it refuses, or cannot be reached"
                hint = "correct HTTPS_PROXY, or name the gateway in NO_PROXY"
            case aiohttp.ClientConnectorDNSError():
                why = "its name is not known"
            case aiohttp.ClientConnectorError():
                number = error.os_error.errno
                why = os.strerror(number).lower() if number else "nothing answers"
            case TimeoutError():
                why = "it does not answer in time"
            case _:
                why = "the connection broke"
        found = GatewayUnreachable(
            f"the gateway at {self.url} cannot be reached", why=why, hint=hint
        )
        found.was_sent = not isinstance(error, aiohttp.ClientConnectorError)
        return found


def _reason(error: aiohttp.ClientError) -> str:
    cause: object = getattr(error, "certificate_error", error)
    text: object = getattr(cause, "verify_message", "") or type(cause).__name__
    return str(text)[:200]
