"""Connection: an HTTP connection whose client must send each request within a time limit.

uvicorn waits without end for the head and the body of a request, so that a client which sends a byte
now and then would hold its connection for good.
"""

from __future__ import annotations

import asyncio

import h11
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 10.0
BODY_SECONDS = 60.0
_WAITS = {str(h11.IDLE): HEAD_SECONDS, str(h11.SEND_BODY): BODY_SECONDS}


class BoundedConnection(H11Protocol):
    """The connection of a client; it is closed if a request does not arrive in time."""

    _limit: asyncio.TimerHandle | None = None
    _awaited: str = ""

    @override
    def connection_made(self, transport: asyncio.Transport) -> None:
        super().connection_made(transport)
        self._await_next()

    @override
    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        self._await_next()

    @override
    def connection_lost(self, exc: Exception | None) -> None:
        self._stop()
        super().connection_lost(exc)

    def _await_next(self) -> None:
        """Limit the time for the part of a request that is arriving; more of the same part changes nothing."""
        part = str(self.conn.their_state)
        if part == self._awaited:
            return
        self._stop()
        self._awaited = part
        if part in _WAITS:
            self._limit = self.loop.call_later(_WAITS[part], self.transport.abort)

    def _stop(self) -> None:
        self._awaited = ""
        if self._limit is not None:
            self._limit.cancel()
            self._limit = None
