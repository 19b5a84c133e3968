"""Socks: connections through a SOCKS proxy; needs the extra `socks`."""

from __future__ import annotations

import asyncio
import ssl

from aiohttp.client_proto import ResponseHandler
from aiohttp_socks import ProxyConnector, ProxyType
from python_socks import ProxyConnectionError, ProxyError, ProxyTimeoutError
from typing_extensions import override

from parallel_agents.models.proxies import Proxy
from parallel_agents.models.socks_fault import SocksFault

_TYPES = {"socks4": ProxyType.SOCKS4, "socks4a": ProxyType.SOCKS4, "socks5": ProxyType.SOCKS5}


def make_connector(
    proxy: Proxy, *, context: ssl.SSLContext | bool, keepalive_timeout: float
) -> ProxyConnector:
    """A pool of connections through `proxy`, without a bound."""
    return _Connector(
        proxy_type=_TYPES[proxy.scheme],
        host=proxy.host,
        port=proxy.port,
        username=proxy.user or None,
        password=proxy.password or None,
        # As in httpx the proxy looks up names; the first version of the protocol cannot.
        rdns=proxy.scheme != "socks4",
        ssl=context,
        limit=0,
        keepalive_timeout=keepalive_timeout,
    )


class _Connector(ProxyConnector):
    @override
    async def _connect_via_proxy(
        self,
        host: str,
        port: int,
        ssl: ssl.SSLContext | None = None,
        timeout: float | None = None,
    ) -> tuple[asyncio.Transport, ResponseHandler]:
        try:
            return await super()._connect_via_proxy(host, port, ssl, timeout)
        except (ProxyError, ProxyConnectionError, ProxyTimeoutError, OSError) as error:
            raise SocksFault(error) from None
