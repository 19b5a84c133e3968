"""Public hosts: the addresses of a host, found once, and only those that may be connected to.

Who connects to a host of somebody else's choice asks here, and connects to what it is told: not to
what the name means a moment later, which its owner may have changed to an address of this machine.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from functools import partial
from typing import Final

from parallel_agents.core.public_address import is_public
from parallel_agents.loop_threads import LoopThreads

# Not the threads of the loop: the owner of a name decides how long an answer takes.
_ASKING: Final = LoopThreads()


class HostRefused(Exception):
    """No address of the host may be connected to."""


async def find_addresses(
    host: str, port: int, may_reach: Callable[[str], bool] = is_public
) -> Sequence[str]:
    """The addresses to connect to, the best first.

    Args:
        host: a name or an IP address.
        port: the port.
        may_reach: whether an address may be connected to.

    Raises:
        HostRefused: no address of the host may be.
        OSError: the host has no address.
    """
    ask = partial(socket.getaddrinfo, host, port, type=socket.SOCK_STREAM)
    try:
        found = await asyncio.get_running_loop().run_in_executor(_ASKING, ask)
    except UnicodeError as error:  # of a label that is too long
        raise OSError(f"{host} is not the name of a host") from error
    addresses = dict.fromkeys(str(entry[4][0]) for entry in found)
    reachable = [address for address in addresses if may_reach(address)]
    if not reachable:
        raise HostRefused(f"{host} has no address of the internet")
    return reachable
