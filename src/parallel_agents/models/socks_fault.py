"""Socks fault: the error of a connection through a SOCKS proxy, as the HTTP client knows errors."""

from __future__ import annotations

import aiohttp


class SocksFault(aiohttp.ClientConnectionError):
    """A connection through a SOCKS proxy failed.

    Attributes:
        cause: what the proxy answered, or what failed on the way to it or beyond it.
    """

    def __init__(self, cause: Exception) -> None:
        super().__init__(str(cause))
        self.cause = cause
