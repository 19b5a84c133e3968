"""Means: what the process gives to the tools of the web."""

from __future__ import annotations

import ssl
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.public_hosts import find_addresses

FindAddresses: TypeAlias = Callable[[str, int, Callable[[str], bool]], Awaitable[Sequence[str]]]


@dataclass(frozen=True, slots=True, kw_only=True)
class WebMeans:
    """What the tools of the web are given.

    Attributes:
        private_hosts: the hosts of this machine and its networks that may be fetched from.
        find_addresses: finds the addresses of a host, as `public_hosts.find_addresses`.
        certificates: makes the context of TLS; None stands for the authorities of the system.
    """

    private_hosts: PrivateHosts = field(default_factory=PrivateHosts)
    find_addresses: FindAddresses = find_addresses
    certificates: Callable[[], ssl.SSLContext | None] = lambda: None


NO_MEANS = WebMeans()
