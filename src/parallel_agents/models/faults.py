"""Faults: tells a failure of the network on the way, a proxy or a certificate, from the server's."""

from __future__ import annotations

import ssl
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from parallel_agents.errors import CertificateRefused, ProviderError, ProxyRefused, Unreachable
from parallel_agents.models.certificates import explain
from parallel_agents.models.failures import clean
from parallel_agents.models.providers import Endpoint
from parallel_agents.models.proxies import Proxy
from parallel_agents.secrets.fragments import Fragments

if TYPE_CHECKING:
    import aiohttp
else:
    from parallel_agents import http_client as aiohttp

_PROXY_KEY = HTTPStatus.PROXY_AUTHENTICATION_REQUIRED


def find_fault(
    endpoint: Endpoint, error: aiohttp.ClientError, *, proxy: Proxy | None, trusted: str
) -> ProviderError | None:
    """The error for a failure on the way to the server, or None if the way was not to blame.

    Args:
        endpoint: the server that was called.
        error: what the HTTP client raised. It may show the proxy's password: do not chain it.
        proxy: what the call went through.
        trusted: the variables that name the trusted authorities, or an empty string.
    """
    from parallel_agents.models.socks_fault import SocksFault  # noqa: PLC0415 - loads aiohttp

    match error:
        case aiohttp.ClientConnectorCertificateError(
            certificate_error=ssl.SSLCertVerificationError() as cause, host=host
        ):
            return _untrusted(endpoint, cause, host, trusted)
        case aiohttp.ClientConnectorError(os_error=ssl.SSLError() as cause, host=host):
            return _no_tls(endpoint, host, str(cause.reason or cause))
        case SocksFault(cause=ssl.SSLCertVerificationError() as cause):
            return _untrusted(endpoint, cause, _host(endpoint), trusted)
        case SocksFault(cause=ssl.SSLError() as cause):
            return _no_tls(endpoint, _host(endpoint), str(cause))
        case _ if proxy is None:
            return None
        case aiohttp.ClientHttpProxyError():
            return refused_by_proxy(endpoint, proxy, error.status, error.message)
        case aiohttp.ClientConnectorError():
            return _unreachable(endpoint, proxy, error.os_error.strerror or str(error.os_error))
        case SocksFault():
            return _unreachable(endpoint, proxy, str(error.cause))
        case _:
            return None


def refused_by_proxy(
    endpoint: Endpoint, proxy: Proxy, status: int, reason: str | None
) -> ProviderError:
    """The error for a status that the proxy, rather than the server, answered."""
    what = (
        f"{endpoint.provider} cannot be reached: the proxy {proxy.address} answered {status} "
        f"{clean(endpoint, _of(proxy).hide(reason or ''))}".rstrip()
    )
    if status == _PROXY_KEY:
        return ProxyRefused(
            what,
            why="the proxy does not accept this user and password"
            if proxy.user
            else "the proxy wants a user and a password",
            hint=f"set {proxy.source} to http://USER:PASSWORD@{proxy.host}:{proxy.port}",
        )
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR or status == HTTPStatus.TOO_MANY_REQUESTS:
        return Unreachable(what, hint=_way_round(endpoint, proxy))
    return ProxyRefused(
        what,
        why=f"the proxy does not allow connections to {_host(endpoint)}",
        hint=f"have {_host(endpoint)} allowed there, or {_way_round(endpoint, proxy)}",
    )


def _unreachable(endpoint: Endpoint, proxy: Proxy, why: str) -> ProviderError:
    return Unreachable(
        f"{endpoint.provider} cannot be reached through the proxy {proxy.address}",
        why=clean(endpoint, _of(proxy).hide(why)),
        hint=f"check {proxy.source}, or {_way_round(endpoint, proxy)}",
    )


def _of(proxy: Proxy) -> Fragments:
    return Fragments((proxy.password,))


def _way_round(endpoint: Endpoint, proxy: Proxy) -> str:
    if proxy.source.startswith("providers."):
        return f"remove {proxy.source} if this machine reaches the server without a proxy"
    return f"add {_host(endpoint)} to NO_PROXY if this machine reaches it without a proxy"


def _untrusted(
    endpoint: Endpoint, error: ssl.CertificateError, host: str, trusted: str
) -> ProviderError:
    what, hint = explain(error, host)
    why = error.verify_message or str(error)
    if trusted:
        why = f"{why}; the trusted authorities are those in {trusted}"
    return CertificateRefused(f"{endpoint.provider} is not called: {what}", why=why, hint=hint)


def _no_tls(endpoint: Endpoint, host: str, why: str) -> ProviderError:
    return Unreachable(
        f"{endpoint.provider} cannot be reached: {host} does not speak TLS as it should",
        why=clean(endpoint, why),
        hint="write http:// in base_url if the server has no TLS",
    )


def _host(endpoint: Endpoint) -> str:
    return urlsplit(endpoint.base_url).hostname or endpoint.base_url
