"""Sending: one POST of a request to a collector, within bounds, and what came of it."""

from __future__ import annotations

import asyncio
import gzip
import ssl
from typing import NamedTuple

import aiohttp
from yarl import URL

from parallel_agents._version import __version__
from parallel_agents.telemetry.options import Options, Place

_MOST_ANSWER_BYTES = 64_000
MOST_WAIT_SECONDS = 300.0
# Sent again, these would be refused again.
_REFUSED = frozenset({400, 413, 422})


class NotTaken(Exception):
    """A collector did not take a request, and may later; the text says why."""

    def __init__(self, why: str, wait_seconds: float = 0.0) -> None:
        super().__init__(why)
        self.wait_seconds = wait_seconds


class Taken(NamedTuple):
    """What a collector answered; `refused` is why it will never take the request, if it will not."""

    content: bytes = b""
    refused: str = ""


async def post(
    place: Place,
    content: bytes,
    options: Options,
    certificates: ssl.SSLContext | None,
) -> Taken:
    """Post a request.

    Raises:
        NotTaken: it may succeed later.
    """
    try:
        async with asyncio.timeout(options.timeout_seconds):
            return await _post(place, content, options, certificates)
    except TimeoutError:
        why = f"{place.address.netloc} did not answer in {options.timeout_seconds:g} s"
        raise NotTaken(why) from None
    except (aiohttp.ClientError, OSError, ValueError) as error:
        # Not its text, which may have a header.
        why = f"{place.address.netloc} cannot be reached: {type(error).__name__}"
        raise NotTaken(why) from None


async def _post(
    place: Place,
    content: bytes,
    options: Options,
    certificates: ssl.SSLContext | None,
) -> Taken:
    headers = {
        "User-Agent": f"OTLP-Exporter-pagents/{__version__}",
        **place.headers,
        "Content-Type": "application/x-protobuf",
    }
    if options.is_compressed:
        content = await asyncio.to_thread(gzip.compress, content, 6)
        headers["Content-Encoding"] = "gzip"
    address = place.address
    host = f"[{address.host}]" if ":" in address.host else address.host
    url = URL(f"{address.scheme}://{host}:{address.port}{address.target}", encoded=True)
    async with (
        aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()) as session,
        session.post(
            url, data=content, headers=headers, allow_redirects=False, ssl=certificates or True
        ) as response,
    ):
        answer = await response.content.read(_MOST_ANSWER_BYTES)
        if 200 <= response.status < 300:
            return Taken(answer)
        why = f"{address.netloc} answered {response.status}"
        if response.status in _REFUSED:
            return Taken(refused=why)
        raise NotTaken(why, _wait(response.headers.get("Retry-After", "")))


def _wait(text: str) -> float:
    """The seconds of a `Retry-After`; 0 if it names none."""
    return min(float(text), MOST_WAIT_SECONDS) if text.isascii() and text.isdigit() else 0.0
