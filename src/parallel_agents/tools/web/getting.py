"""Getting: one GET over HTTP, through redirects that are each checked, within bounds.

A connection is only ever made to an address that was checked, or to the proxy that the user wants to
be used. Nothing else of the user's is sent: no cookie, no key, no name.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from socket import AddressFamily

import aiohttp
from aiohttp.abc import AbstractResolver, ResolveResult
from typing_extensions import override
from yarl import URL

from parallel_agents._version import __version__
from parallel_agents.core.cutting import head
from parallel_agents.core.tool import ToolError
from parallel_agents.core.web_address import BadAddress, WebAddress
from parallel_agents.errors import PagentsError
from parallel_agents.public_hosts import HostRefused
from parallel_agents.tools.commands.terminal import plain
from parallel_agents.tools.web.body import ENCODINGS, Body
from parallel_agents.tools.web.means import WebMeans

MOST_BYTES = 10_000_000
MOST_REDIRECTS = 10
_CONNECT_SECONDS = 10.0
_READ_SECONDS = 15.0
_TIMEOUT = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS, sock_read=_READ_SECONDS)
_MOST_LINE_BYTES = 32_768
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_HEADERS = {
    "User-Agent": f"pagents/{__version__} (fetches pages for an AI agent)",
    # Some servers have their pages in Markdown for whoever asks.
    "Accept": "text/markdown, text/html;q=0.9, text/plain;q=0.8, application/json;q=0.8, */*;q=0.5",
    "Accept-Encoding": ENCODINGS,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What a server sent.

    Attributes:
        address: where it is from, after all redirects.
        media_type: in lower case; empty if the server did not say.
        charset: as the server said; empty if it did not.
        is_cut: whether there was more than `MOST_BYTES`.
        retry_after: the header Retry-After.
    """

    address: WebAddress
    status: int
    reason: str
    media_type: str
    charset: str
    body: bytes
    is_cut: bool
    retry_after: str


class Getter:
    """Gets what an address has.

    Args:
        means: what may be reached, and how.
        permits: whether the rules of the session allow a further address.
        reads: raises ToolError for a media type that nobody reads.
    """

    def __init__(
        self, means: WebMeans, permits: Callable[[str], bool], reads: Callable[[str], None]
    ) -> None:
        self._means = means
        self._permits = permits
        self._reads = reads

    async def get(self, address: WebAddress, *, seconds: float) -> Reply:
        """What the server answered in the end.

        Raises:
            ToolError: nothing was answered in time, or it must not or cannot be got.
        """
        try:
            async with asyncio.timeout(seconds):
                return await self._follow(address)
        except TimeoutError:
            raise ToolError(f"{address.netloc} did not send all of it in {seconds:g} s") from None

    async def _follow(self, address: WebAddress) -> Reply:
        seen = {address}
        for _ in range(MOST_REDIRECTS + 1):
            found = await self._one(address)
            if isinstance(found, Reply):
                return found
            address = self._next(address, found)
            if address in seen:
                raise ToolError(f"{address} redirects in a circle; it may want a cookie")
            seen.add(address)
        raise ToolError(f"it redirects more than {MOST_REDIRECTS} times; the last is to {address}")

    def _next(self, address: WebAddress, location: str) -> WebAddress:
        try:
            target = address.join(location)
        except BadAddress as error:
            raise ToolError(
                f"{address} redirects to {head(plain(location), 200)}, which is not fetched: {error}"
            ) from error
        if not self._permits(str(target)):
            raise ToolError(
                f"{address} redirects to {target}, which the permissions of this session do not"
                " allow without being asked. Fetch that URL itself if you need it."
            )
        return target

    async def _one(self, address: WebAddress) -> Reply | str:
        """The reply of one server, or where it redirects to."""
        try:
            async with await self._open(address) as session:
                # As it is: read again by another parser, it could become another address.
                url = URL(str(address), encoded=True)
                async with session.get(url, headers=_HEADERS, allow_redirects=False) as response:
                    if response.status in _REDIRECTS and "Location" in response.headers:
                        return response.headers["Location"]
                    return await self._read(address, response)
        except aiohttp.ClientConnectorError as error:
            raise ToolError(_why(address, error) + self._means.proxy_hint(str(address))) from None
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise ToolError(_why(address, error)) from None
        except PagentsError as error:
            raise ToolError(error.in_a_sentence) from None

    async def _open(self, address: WebAddress) -> aiohttp.ClientSession:
        """A session that connects to an address that was checked, or to the user's proxy.

        Raises:
            ToolError: the host has no address that may be connected to.
        """
        private, unknown = self._means.private_hosts, ""
        addresses: Sequence[str] = ()
        try:
            addresses = await self._means.find_addresses(
                address.host, address.port, lambda found: private.may_reach(address, found)
            )
        except HostRefused as error:
            raise ToolError(
                f"{error}, and what is in a network of this machine is only fetched if the user"
                f" names it in the setting fetch_private_hosts, as {address.netloc!r}"
            ) from error
        except OSError as error:
            unknown = error.strerror or str(error)
        # A proxy may know a host that this machine does not.
        proxied = self._means.open_proxied(str(address), _TIMEOUT)
        if proxied is not None:
            return proxied
        if unknown:
            hint = self._means.proxy_hint(str(address))
            raise ToolError(f"{address.host} is not found: {unknown}{hint}")
        return self._session(addresses)

    def _session(self, addresses: Sequence[str]) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_Pinned(addresses),
                ssl=self._means.certificates() or True,
                force_close=True,
            ),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=_TIMEOUT,
            auto_decompress=False,
            max_line_size=_MOST_LINE_BYTES,
            max_field_size=_MOST_LINE_BYTES,
        )

    async def _read(self, address: WebAddress, response: aiohttp.ClientResponse) -> Reply:
        said = "Content-Type" in response.headers
        media_type = response.content_type.lower() if said else ""
        if response.status < 400:
            self._reads(media_type)
        body = Body(response.headers.get("Content-Encoding", ""), MOST_BYTES)
        async for chunk in response.content.iter_any():
            body.feed(chunk)
            if body.is_cut:
                break
        body.close()
        return Reply(
            address=address,
            status=response.status,
            reason=head(plain(response.reason or ""), 100),
            media_type=media_type,
            charset=(response.charset or "")[:40] if said else "",
            body=body.content,
            is_cut=body.is_cut,
            retry_after=plain(response.headers.get("Retry-After", ""))[:40],
        )


class _Pinned(AbstractResolver):
    """Finds for any name the addresses that were checked."""

    def __init__(self, addresses: Sequence[str]) -> None:
        self._addresses = addresses

    @override
    async def resolve(
        self, host: str, port: int = 0, family: AddressFamily = AddressFamily.AF_UNSPEC
    ) -> list[ResolveResult]:
        return [
            ResolveResult(
                hostname=host,
                host=address,
                port=port,
                family=AddressFamily.AF_INET6 if ":" in address else AddressFamily.AF_INET,
                proto=0,
                flags=0,
            )
            for address in self._addresses
        ]

    @override
    async def close(self) -> None:
        pass


def _why(address: WebAddress, error: Exception) -> str:
    """What went wrong on the way, for a model to read."""
    where = address.netloc
    match error:
        case aiohttp.ClientConnectorCertificateError():
            cause = error.certificate_error
            said = (
                cause.verify_message if isinstance(cause, ssl.SSLCertVerificationError) else cause
            )
            return f"the certificate of {where} is not valid: {said}"
        case aiohttp.ClientConnectorSSLError() | ssl.SSLError():
            return f"{where} does not speak TLS as it should; is it http instead of https?"
        case aiohttp.ServerTimeoutError() | TimeoutError():
            return f"{where} sent nothing for {_READ_SECONDS:g} s"
        case aiohttp.ClientConnectorError():
            return f"{where} cannot be reached: {error.os_error.strerror or error.os_error}"
        case aiohttp.ClientPayloadError():
            return f"{where} broke off before all of it had arrived"
        case aiohttp.ServerDisconnectedError():
            return f"{where} closed the connection without an answer"
        case aiohttp.ClientResponseError():
            return f"{where} answers with something that is not HTTP: {head(plain(error.message), 200)}"
        case OSError():
            return f"the connection to {where} broke: {error.strerror or error}"
        case _:
            return f"{where} cannot be fetched from: {head(plain(str(error)), 200)}"
