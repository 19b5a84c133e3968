"""Origins: the addresses by which browsers reach a gateway; requests to or from others are refused."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlsplit

from parallel_agents.errors import ExposedAddress, InvalidInput
from parallel_agents.surfaces.http.listening import is_loopback

_HTTP_PORT, _HTTPS_PORT = 80, 443


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """How a gateway is reached.

    Attributes:
        hosts: what the Host header may be, in lower case.
        origins: what the Origin header may be.
        is_proxied: whether a proxy is in front, which says whom it speaks for.
    """

    hosts: frozenset[str]
    origins: frozenset[str]
    is_proxied: bool = False


def origins_of(host: str, port: int, proxy: str | None) -> Origins:
    """The addresses of a gateway that listens on a host and port, or of the proxy in front of it.

    Who listens on one name of this machine is reached by all of them. The proxy sends its own Host
    header on, or that of the address that it connects to.
    """
    names = {"127.0.0.1", "localhost", "[::1]"} if is_loopback(host) else set[str]()
    names.add(f"[{host}]" if ":" in host else host.lower())
    hosts = {f"{name}:{port}" for name in names}
    if port == _HTTP_PORT:
        hosts |= names
    origins = {f"http://{each}" for each in hosts}
    if proxy is None:
        return Origins(hosts=frozenset(hosts), origins=frozenset(origins))
    return Origins(
        hosts=frozenset({*hosts, *_hosts_of(proxy)}),
        origins=frozenset({proxy, *origins}),
        is_proxied=True,
    )


def _hosts_of(origin: str) -> set[str]:
    netloc = urlsplit(origin).netloc
    return {netloc, f"{netloc}:{_HTTPS_PORT}"} if urlsplit(origin).port is None else {netloc}


def check_address(host: str, proxy: str | None) -> str | None:
    """Refuse an address that others reach unencrypted; return the proxy's origin as browsers write it.

    Raises:
        ExposedAddress: the address is not of this machine alone, and no proxy is named.
        InvalidInput: the proxy's address is not an https one.
    """
    if proxy is None:
        if not is_loopback(host):
            raise ExposedAddress(
                f"{host} can be reached from other machines",
                why="the token and everything that is said would cross the network unencrypted",
                hint="put a proxy with TLS in front, and name its address:"
                f" pagents serve --host {host} --behind-proxy https://NAME;"
                " or leave --host out, and reach it by `ssh -L 7333:127.0.0.1:7333 MACHINE`",
            )
        return None
    try:
        parts = urlsplit(proxy)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if parts.scheme != "https" or not parts.hostname or parts.path.strip("/") or parts.query:
        raise InvalidInput(
            f"--behind-proxy is {proxy[:80]!r}",
            why="it is the address that browsers open, which begins with https:// and has no path",
            hint="write it as --behind-proxy https://agents.example.com",
        )
    shown = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return f"https://{shown}" if port in (None, _HTTPS_PORT) else f"https://{shown}:{port}"
