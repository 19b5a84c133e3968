"""Network: what a session to a server is made of, for model calls and for downloads alike."""

from __future__ import annotations

import importlib.util
import ssl
from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from parallel_agents.errors import ConfigError, MissingExtra, ProviderError
from parallel_agents.extras import install_line
from parallel_agents.models.certificates import make_context, named_authorities
from parallel_agents.models.faults import find_fault
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.proxies import DIRECT, Proxy, find_proxy, read_proxy

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

_KEEPALIVE_SECONDS = 60.0
_VARIABLE = "env:"
# Gateways send long headers, such as cookies and policies; aiohttp takes 8 kB of each.
_MOST_HEADER_BYTES = 64 << 10


class Network:
    """Opens sessions through the proxy, and with the authorities, that the environment names.

    Args:
        variables: the environment variables; without any, sessions are direct and trust the
            authorities of the system.
    """

    def __init__(self, variables: Mapping[str, str] | None = None) -> None:
        self._variables = variables or {}

    def proxy_for(self, url: str, chosen: str = "", source: str = "") -> Proxy | None:
        """The proxy for calls to `url`, or None.

        Args:
            url: the server.
            chosen: the user's choice for this server, which precedes the environment: the URL of a
                proxy, `env:NAME` for the variable that contains it, or `none`.
            source: the setting that `chosen` comes from.

        Raises:
            ConfigError: what names the proxy is not the URL of one.
        """
        if chosen == DIRECT:
            return None
        if not chosen:
            return find_proxy(self._variables, url)
        if not chosen.startswith(_VARIABLE):
            return read_proxy(chosen, source)
        variable = chosen.removeprefix(_VARIABLE)
        text = self._variables.get(variable, "").strip()
        if not text:
            raise ConfigError(
                f"{variable} is not set",
                why=f"{source} says that it contains the URL of a proxy",
                hint=f'export {variable}=http://USER:PASSWORD@HOST:PORT, or set {source} = "none"',
            )
        return read_proxy(text, variable)

    def check(self, url: str, proxy: Proxy | None) -> None:
        """Check that sessions to `url` can be opened here.

        Raises:
            ConfigError: a variable names authorities that cannot be read.
            MissingExtra: the proxy needs the extra `socks`.
        """
        if (
            proxy is not None
            and proxy.is_socks
            and importlib.util.find_spec("aiohttp_socks") is None
        ):
            raise MissingExtra(
                f"the proxy {proxy.address} needs the extra 'socks'",
                why=f"{proxy.source} names a SOCKS proxy",
                hint=install_line("pagents[socks]"),
            )
        if url.startswith("https:") or (proxy is not None and proxy.scheme == "https"):
            _ = self._context

    def open_session(
        self,
        url: str,
        proxy: Proxy | None,
        *,
        timeout: aiohttp.ClientTimeout | None = None,
        read_bufsize: int = 1 << 16,
        auto_decompress: bool = True,
    ) -> aiohttp.ClientSession:
        """A session with an unbounded pool for calls to `url` through `proxy`; the caller closes it.

        Raises:
            ConfigError: as for check.
            MissingExtra: as for check.
        """
        self.check(url, proxy)
        return aiohttp.ClientSession(
            connector=self._make_connector(url, proxy),
            cookie_jar=aiohttp.DummyCookieJar(),
            proxy=None if proxy is None or proxy.is_socks else proxy.url,
            timeout=timeout or aiohttp.ClientTimeout(total=None),
            read_bufsize=read_bufsize,
            auto_decompress=auto_decompress,
            max_field_size=_MOST_HEADER_BYTES,
        )

    def find_fault(
        self, endpoint: Endpoint, error: aiohttp.ClientError, proxy: Proxy | None
    ) -> ProviderError | None:
        """The error for a failure on the way to the server, or None if the way was not to blame.

        What the HTTP client raised may show the proxy's password: do not chain it to this error.
        """
        trusted = ", ".join(named_authorities(self._variables))
        return find_fault(endpoint, error, proxy=proxy, trusted=trusted)

    def _make_connector(self, url: str, proxy: Proxy | None) -> aiohttp.BaseConnector:
        is_encrypted = url.startswith("https:") or (proxy is not None and proxy.scheme == "https")
        context = self._context or True if is_encrypted else True
        if proxy is not None and proxy.is_socks:
            from parallel_agents.models.socks import make_connector  # noqa: PLC0415 - an extra

            return make_connector(proxy, context=context, keepalive_timeout=_KEEPALIVE_SECONDS)
        return aiohttp.TCPConnector(limit=0, keepalive_timeout=_KEEPALIVE_SECONDS, ssl=context)

    @cached_property
    def _context(self) -> ssl.SSLContext | None:
        return make_context(self._variables)
