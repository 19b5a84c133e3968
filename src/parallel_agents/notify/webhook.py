"""Webhook: one POST of JSON to an address that was checked, which follows no redirect."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Callable

import aiohttp
from yarl import URL

from parallel_agents._version import __version__
from parallel_agents.core.notification import is_loopback
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.web_address import WebAddress
from parallel_agents.notify.letter import Letter, NotSent
from parallel_agents.public_hosts import HostRefused, find_addresses

SECONDS = 10.0
_BUSY = 429


async def post(
    address: WebAddress,
    letter: Letter,
    private_hosts: PrivateHosts,
    certificates: Callable[[], ssl.SSLContext | None],
) -> None:
    """Post a letter.

    Raises:
        NotSent: the server did not accept it, or nobody knows whether it did.
    """
    try:
        async with asyncio.timeout(SECONDS):
            status = await _post(address, letter, private_hosts, certificates)
    except TimeoutError:
        why = f"{address.netloc} did not answer in {SECONDS:g} s"
        raise NotSent(why, may_try_again=True) from None
    except HostRefused:
        raise NotSent(
            f"{address.netloc} is in a private network; name it in the setting notify_private_hosts"
        ) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Not its text, which may have the path of the address, and that may be a secret.
        why = f"{address.netloc} cannot be reached: {type(error).__name__}"
        raise NotSent(why, may_try_again=True) from None
    if not 200 <= status < 300:
        again = status >= 500 or status == _BUSY
        raise NotSent(f"{address.netloc} answered {status}", may_try_again=again)


async def _post(
    address: WebAddress,
    letter: Letter,
    private_hosts: PrivateHosts,
    certificates: Callable[[], ssl.SSLContext | None],
) -> int:
    def may_reach(found: str) -> bool:
        if is_loopback(address.host):
            return is_loopback(found)
        return private_hosts.may_reach(address, found)

    first, *_ = await find_addresses(address.host, address.port, may_reach)
    literal = f"[{first}]" if ":" in first else first
    url = f"{address.scheme}://{literal}:{address.port}{address.target}"
    headers = {
        "Host": address.netloc,
        "Content-Type": "application/json",
        "Idempotency-Key": letter.id,
        "User-Agent": f"pagents/{__version__}",
    }
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.post(
            URL(url, encoded=True),
            data=letter.document,
            headers=headers,
            allow_redirects=False,
            ssl=certificates() or True,
            server_hostname=address.host if address.scheme == "https" else None,
        ) as response,
    ):
        return response.status
