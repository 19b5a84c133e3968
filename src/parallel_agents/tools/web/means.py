"""Means: what the process gives to the tools of the web."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeAlias

from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.errors import ConfigError
from parallel_agents.public_hosts import find_addresses

if TYPE_CHECKING:
    import aiohttp

    from parallel_agents.tools.web.engines import Engine

FindAddresses: TypeAlias = Callable[[str, int, Callable[[str], bool]], Awaitable[Sequence[str]]]


def _no_proxy(_url: str, _timeout: aiohttp.ClientTimeout) -> None:
    return None


def _no_engine() -> Engine:
    raise ConfigError("no search engine is configured", hint="open the sessions with settings")


def _open_session(_url: str) -> aiohttp.ClientSession:
    from aiohttp import ClientSession, DummyCookieJar  # noqa: PLC0415 - few agents search

    return ClientSession(cookie_jar=DummyCookieJar())


@dataclass(frozen=True, slots=True, kw_only=True)
class WebMeans:
    """What the tools of the web are given.

    Attributes:
        private_hosts: the hosts of this machine and its networks that may be fetched from.
        find_addresses: finds the addresses of a host, as `public_hosts.find_addresses`.
        certificates: makes the context of TLS; None stands for the authorities of the system.
        open_proxied: opens a session through the proxy for a URL, or returns None if there is none;
            its responses are not decompressed.
        proxy_hint: what to add where a URL cannot be reached; empty if there is nothing to say.
        find_engine: the search engine that the user has, or raises ConfigError.
        open_session: opens a session to a search engine, through the user's proxy if there is one.
        search_seconds: how long a search engine may take to answer.
    """

    private_hosts: PrivateHosts = field(default_factory=PrivateHosts)
    find_addresses: FindAddresses = find_addresses
    certificates: Callable[[], ssl.SSLContext | None] = lambda: None
    open_proxied: Callable[[str, aiohttp.ClientTimeout], aiohttp.ClientSession | None] = _no_proxy
    proxy_hint: Callable[[str], str] = lambda _: ""
    find_engine: Callable[[], Engine] = _no_engine
    open_session: Callable[[str], aiohttp.ClientSession] = _open_session
    search_seconds: float = 20.0


NO_MEANS = WebMeans()
