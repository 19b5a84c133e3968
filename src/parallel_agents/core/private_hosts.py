"""Private hosts: the hosts of this machine and its networks that its user lets agents reach."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Self

from parallel_agents.core.public_address import is_public
from parallel_agents.core.web_address import BadAddress, WebAddress, read_host

_ENTRY = re.compile(
    r"(?P<host>\[[^\]]+\]|[^\[\]:]+|[^\[\]]*:[^\[\]]*:[^\[\]]*?)(?::(?P<port>[0-9]{1,5}))?"
)
_FORM = "a host, *.HOST, an IP address or a network such as 10.0.0.0/8, with :PORT or without"


@dataclass(frozen=True, slots=True)
class _Entry:
    """A name, a suffix that begins with a dot, or a network; and a port, or None for any."""

    name: str
    network: IPv4Network | IPv6Network | None
    port: int | None

    def means(self, target: WebAddress, address: str) -> bool:
        if self.port not in (None, target.port):
            return False
        if self.network is not None:
            return ip_address(address.partition("%")[0]) in self.network
        is_suffix = self.name.startswith(".")
        return target.host.endswith(self.name) if is_suffix else target.host == self.name


@dataclass(frozen=True, slots=True)
class PrivateHosts:
    """The hosts that may be reached although they are not of the internet."""

    entries: tuple[_Entry, ...] = ()

    @classmethod
    def parse(cls, entries: Iterable[str]) -> Self:
        """The hosts of a list.

        Raises:
            ValueError: an entry is not valid; the text says what to write.
        """
        return cls(tuple(map(_parse, entries)))

    def may_reach(self, target: WebAddress, address: str) -> bool:
        """Whether `target` may be fetched from an address that its host has."""
        return is_public(address) or any(entry.means(target, address) for entry in self.entries)


def _parse(text: str) -> _Entry:
    found = _ENTRY.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"it is not {_FORM}")
    port = int(found["port"]) if found["port"] else None
    if port is not None and not 1 <= port <= 65_535:
        raise ValueError(f"there is no port {port}")
    host = found["host"].removeprefix("[").removesuffix("]")
    try:
        if "/" in host:
            return _Entry("", ip_network(host), port)
        is_suffix = host.startswith("*.")
        name = read_host(host.removeprefix("*."))
    except (BadAddress, ValueError):
        raise ValueError(f"it is not {_FORM}") from None
    try:
        network = ip_network(name)
    except ValueError:
        return _Entry(f".{name}" if is_suffix else name, None, port)
    if is_suffix:
        raise ValueError(f"it is not {_FORM}")
    return _Entry("", network, port)
