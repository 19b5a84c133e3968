"""Listing: asks a provider, or a server on this machine, which models it serves now."""

from __future__ import annotations

import asyncio
import re
import time
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote, urlsplit

import orjson

from parallel_agents.core.schema import Json
from parallel_agents.errors import (
    AuthFailed,
    CallTimedOut,
    ConfigError,
    MalformedReply,
    ProviderError,
    Unreachable,
)
from parallel_agents.models.base_url import join_url
from parallel_agents.models.failures import from_client_error, from_response, make_failure
from parallel_agents.models.network import Network
from parallel_agents.models.offers import Offer, missing_model_hint, read_page
from parallel_agents.models.providers import Endpoint, Wire
from parallel_agents.models.shapes import ShapeError

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

_SECONDS = 20.0
_MOST_BYTES = 16 << 20
_MOST_PAGES = 20
_ERROR_BYTES = 1 << 16
_HINT_SECONDS = 5.0
# https://docs.anthropic.com/en/api/models-list
_VERSION_HEADERS = {Wire.ANTHROPIC: {"anthropic-version": "2023-06-01"}}
# A deployment of Azure has no list; the resource that it belongs to has one.
_DEPLOYMENT = re.compile(r"/deployments/[^/?]+")


class Listing(NamedTuple):
    """The models that a provider lists; `is_whole` unless it has more than were read."""

    offers: tuple[Offer, ...]
    is_whole: bool = True


async def list_offers(
    endpoint: Endpoint, network: Network, *, seconds: float = _SECONDS
) -> Listing:
    """What the provider offers now: at most 20 pages of 16 MiB within `seconds`.

    Raises:
        ProviderError: the list cannot be fetched or read.
        ConfigError: the proxy or the trusted authorities are configured wrongly.
    """
    path = "/v1/models" if endpoint.wire is Wire.ANTHROPIC else "/models"
    url = join_url(_DEPLOYMENT.sub("", endpoint.base_url), path)
    try:
        async with asyncio.timeout(seconds):
            return await _read_pages(endpoint, network, url)
    except TimeoutError as error:
        what = f"did not list its models within {seconds:g} s"
        raise make_failure(CallTimedOut, endpoint, what) from error


async def list_served(endpoint: Endpoint, network: Network, *, seconds: float) -> Listing:
    """The models of a server on this machine; an Ollama of before 2024 has a list of its own only.

    Raises:
        ProviderError: as for list_offers.
        ConfigError: as for list_offers.
    """
    try:
        async with asyncio.timeout(seconds):
            try:
                return await list_offers(endpoint, network, seconds=seconds)
            except (AuthFailed, Unreachable):
                raise
            except ProviderError:
                origin = urlsplit(endpoint.base_url)
                url = f"{origin.scheme}://{origin.netloc}/api/tags"
                return await _read_pages(endpoint, network, url)
    except TimeoutError as error:
        raise make_failure(CallTimedOut, endpoint, "did not list its models in time") from error


class Finder:
    """Finds what to use instead of models that are gone; it asks each provider once."""

    def __init__(self, network: Network) -> None:
        self._network = network
        self._listed: dict[str, tuple[str, ...]] = {}
        # Guards an entry of `_listed`, so that runs which fail together ask together.
        self._locks: dict[str, asyncio.Lock] = {}

    async def find_hint(self, endpoint: Endpoint, wanted: str) -> str:
        """What to use instead of `wanted`; empty if the provider does not answer in five seconds."""
        where = endpoint.base_url
        async with self._locks.setdefault(where, asyncio.Lock()):
            if where not in self._listed:
                self._listed[where] = await self._list(endpoint)
        listed = self._listed[where]
        hint = missing_model_hint(endpoint.provider, wanted, listed) if listed else ""
        return endpoint.secrets.hide(hint)

    async def _list(self, endpoint: Endpoint) -> tuple[str, ...]:
        try:
            listing = await list_offers(endpoint, self._network, seconds=_HINT_SECONDS)
        except (ProviderError, ConfigError):
            return ()
        return tuple(offer.id for offer in listing.offers)


async def _read_pages(endpoint: Endpoint, network: Network, url: str) -> Listing:
    await endpoint.key.ready()
    source = f"providers.{endpoint.provider}.proxy"
    proxy = network.proxy_for(endpoint.base_url, endpoint.proxy, source)
    offers: dict[str, Offer] = {}
    query: tuple[str, str] | None = None
    asked: set[tuple[str, str] | None] = set()
    try:
        async with network.open_session(url, proxy) as session:
            while query not in asked and len(asked) < _MOST_PAGES:
                asked.add(query)
                value = await _get(endpoint, session, _with_query(url, query))
                found, query = read_page(value)
                offers |= {offer.id: offer for offer in found}
                if query is None:
                    break
    except aiohttp.ClientError as error:
        fault = network.find_fault(endpoint, error, proxy)
        raise fault or from_client_error(endpoint, error) from None  # may show a password
    except ShapeError as error:
        what = "sent no list of models"
        raise make_failure(MalformedReply, endpoint, what, why=str(error)) from error
    return Listing(tuple(offers.values()), is_whole=query is None)


async def _get(endpoint: Endpoint, session: aiohttp.ClientSession, url: str) -> Json:
    headers = {
        **_VERSION_HEADERS.get(endpoint.wire, {}),
        **endpoint.headers,
        **endpoint.auth_headers,
    }
    # A redirect would send the key to another host.
    async with session.get(url, headers=headers, allow_redirects=False) as response:
        if response.status >= 300:
            raise from_response(
                endpoint,
                response.status,
                headers=response.headers,
                body=await _read(response, _ERROR_BYTES),
                now=time.time(),
            )
        body = await _read(response, _MOST_BYTES + 1)
    if len(body) > _MOST_BYTES:
        raise ShapeError(f"it has more than {_MOST_BYTES >> 20} MiB")
    try:
        value: Json = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise ShapeError("it is not JSON") from error
    return value


async def _read(response: aiohttp.ClientResponse, most_bytes: int) -> bytes:
    """The first `most_bytes` bytes of a response."""
    body = b""
    async for piece in response.content.iter_any():
        body += piece
        if len(body) >= most_bytes:
            break
    return body[:most_bytes]


def _with_query(url: str, query: tuple[str, str] | None) -> str:
    if query is None:
        return url
    name, value = query
    return f"{url}{'&' if '?' in url else '?'}{name}={quote(value, safe='')}"
