"""Address: where a gateway is, and with which token it is asked; no token crosses a network unencrypted."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import ip_address
from urllib.parse import urlsplit

from parallel_agents.core.cutting import head
from parallel_agents.errors import BadGateway

_PORTS = {"http": 80, "https": 443}
_LEAST_TOKEN, _MOST_TOKEN, _MOST_URL = 16, 4096, 2000
_EXAMPLE = "name it as in https://box:7333"


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """A gateway and the token for it.

    Attributes:
        url: `scheme://host:port`, maybe with a path below which a proxy has the gateway.
    """

    url: str
    token: str = field(repr=False)


def read_url(text: str) -> str:
    """The URL of a gateway, without a slash at its end.

    Raises:
        BadGateway: it is not the URL of a server, has a token or a password in it, or would have the
            token cross the network unencrypted.
    """
    shown = head(text.partition("#")[0], 80)
    if len(text) > _MOST_URL or not text.isascii() or not text.isprintable() or " " in text:
        raise BadGateway(f"{shown!r} is not an address", hint=_EXAMPLE)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError as error:
        raise BadGateway(f"{shown!r} is not an address", why=str(error), hint=_EXAMPLE) from None
    if parts.scheme not in _PORTS or not parts.hostname:
        raise BadGateway(
            f"{shown!r} is not an address", why="it needs https:// and a host", hint=_EXAMPLE
        )
    if parts.username is not None or parts.password is not None or parts.fragment or parts.query:
        raise BadGateway(
            "the address of the gateway has more in it than the address",
            why="lists of processes and histories of shells show it to others",
            hint="leave it out, and set PARALLEL_AGENTS_TOKEN to the token",
        )
    if parts.scheme == "http" and not is_here(parts.hostname):
        raise BadGateway(
            f"{shown} is not encrypted",
            why="the token and everything that is said would cross the network for all to read",
            hint="use https://, or a tunnel: ssh -L 7333:127.0.0.1:7333 MACHINE",
        )
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    place = f"{host}:{port}" if port is not None and port != _PORTS[parts.scheme] else host
    return f"{parts.scheme}://{place}{parts.path.rstrip('/')}"


def check_token(token: str, source: str) -> str:
    """A token that a header can have.

    Raises:
        BadGateway: it cannot; the error names where it is from, and not the token.
    """
    found = token.strip()
    is_printable = all(33 <= ord(each) < 127 for each in found)
    if not _LEAST_TOKEN <= len(found) <= _MOST_TOKEN or not is_printable:
        raise BadGateway(
            f"{source} holds no token of a gateway",
            hint="copy what is in gateway-token of the home in which `pagents serve` runs",
        )
    return found


def is_here(host: str) -> bool:
    """Whether a host is this machine, so that no network is between.

    Names below `localhost` are not: where the resolver does not know them, it asks the network.
    """
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
