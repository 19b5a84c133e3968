"""Proxies: which proxy stands between this process and a server, as the environment names it.

Like curl, requests and httpx it reads `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY`, of
which the lowercase names win. Unlike them, and like Go's `net/http`, it never passes a call to this
machine through a proxy that the environment names: there it would reach another machine.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from urllib.parse import unquote, urlsplit

from typing_extensions import override
from yarl import URL

from parallel_agents.core.cutting import head
from parallel_agents.errors import ConfigError
from parallel_agents.models.base_url import is_loopback

DIRECT = "none"  # as a provider's `proxy`: no proxy, whatever the environment says
_PORTS = {"http": 80, "https": 443, "socks4": 1080, "socks4a": 1080, "socks5": 1080}
# `socks://` is what GNOME and several proxy programs write into ALL_PROXY for SOCKS 5.
_SOCKS = {"socks": "socks5", "socks5h": "socks5"}
_TARGET_PORTS = {"http": 80, "https": 443}


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxy:
    """A proxy to connect through.

    Attributes:
        scheme: `http`, `https`, `socks4`, `socks4a` or `socks5`.
        source: the variable or setting that names it.
    """

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = ""
    source: str = ""

    @property
    def is_socks(self) -> bool:
        return self.scheme.startswith("socks")

    @property
    def address(self) -> str:
        """The proxy's URL without its user and password."""
        return str(URL.build(scheme=self.scheme, host=self.host, port=self.port))

    @property
    def url(self) -> URL:
        """The proxy's URL with its user and password."""
        user, password = self.user or None, self.password or None
        return URL.build(
            scheme=self.scheme, host=self.host, port=self.port, user=user, password=password
        )

    @override
    def __repr__(self) -> str:
        return f"Proxy({self.address!r}, {self.source!r})"


def find_proxy(variables: Mapping[str, str], url: str) -> Proxy | None:
    """The proxy for calls to `url` that the environment names, or None.

    Raises:
        ConfigError: the variable's value is not the URL of a proxy.
    """
    target = urlsplit(url)
    host = (target.hostname or "").rstrip(".")
    if is_loopback(host):
        return None
    port = target.port or _TARGET_PORTS.get(target.scheme, 0)
    if _is_exempt(host, port, _read(variables, "no_proxy")[1]):
        return None
    for name in (f"{target.scheme}_proxy", "all_proxy"):
        variable, value = _read(variables, name)
        if value:
            return read_proxy(value, variable)
    return None


def read_proxy(text: str, source: str) -> Proxy:
    """The proxy at `text`, such as `http://user:password@host:3128` or `socks5h://host`.

    The scheme defaults to `http`. Passwords may contain any character, also unquoted.

    Raises:
        ConfigError: `text` is not the URL of a proxy; the message names only `source`.
    """
    scheme, _, rest = text.strip().strip("\"'").rpartition("://")
    scheme = scheme.lower() or "http"
    login, _, where = rest.rpartition("@")
    user, _, password = login.partition(":")
    kind = _SOCKS.get(scheme, scheme)
    try:
        target = urlsplit(f"//{where}")
        host, port = target.hostname, target.port
    except ValueError:
        host = port = None
    if kind not in _PORTS or not host or re.search(r"\s", host):
        raise ConfigError(
            f"{source} is not the URL of a proxy",
            why=f"a proxy's URL starts with http://, https:// or socks5://, not {head(scheme, 20)!r}://"
            if kind not in _PORTS
            else "it names no host",
            hint=f"write {source}=http://HOST:PORT, or unset it",
        )
    return Proxy(
        scheme=kind,
        host=host,
        port=port or _PORTS[kind],
        user=unquote(user),
        password=unquote(password),
        source=source,
    )


def _read(variables: Mapping[str, str], name: str) -> tuple[str, str]:
    """The variable's name as it is spelled, and its value or an empty string."""
    if name in variables:
        return name, variables[name].strip()
    upper = name.upper()
    if upper == "HTTP_PROXY" and "REQUEST_METHOD" in variables:
        return upper, ""  # in a CGI script the client sets it (https://httpoxy.org)
    return upper, variables.get(upper, "").strip()


def _is_exempt(host: str, port: int, exemptions: str) -> bool:
    """Whether an entry of `NO_PROXY` matches: `*`, a host, a domain, an address or a network."""
    return any(_matches(host, port, entry) for entry in re.split(r"[\s,]+", exemptions.lower()))


def _matches(host: str, port: int, entry: str) -> bool:
    if entry == "*":
        return True
    bare = entry.rpartition("://")[2]
    found = re.fullmatch(r"(\[[^\]]*\]|[^:]*):(\d+)", bare)
    if found:
        bare = found[1]
        if int(found[2]) != port:
            return False
    bare = bare.strip("[]").removeprefix("*").strip(".")
    if not bare:
        return False
    try:
        address = ip_address(host)
    except ValueError:
        return host == bare or host.endswith(f".{bare}")
    try:
        return address in ip_network(bare, strict=False)
    except ValueError:
        return False
