"""Following: the events of a session from a distant gateway, each once, however often the line is cut."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator

from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import GatewayMismatch, GatewayUnreachable
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.pauses import MOST_CUTS, pause_after
from parallel_agents.gateway_client.wire import EVENT, FOLLOW

_log = logging.getLogger(__name__)
_MOST_LINE = 32 << 20
_DATA = b"data:"


async def follow(exchange: Exchange, session: SessionKey, after: int) -> AsyncGenerator[Event]:
    """The events of a session and all below it after a number, until its latest run ends.

    Raises:
        GatewayUnreachable: the line was cut again and again, and nothing came in between.
    """
    cuts = 0
    while True:
        try:
            query = {"name": session, "after": str(after)}
            async with exchange.stream(FOLLOW, query) as pieces:
                async for data in data_of(pieces):
                    document = exchange.read_object(data)
                    if document.get("end") is True:
                        return
                    event = exchange.read(EVENT, document)
                    if event.seq > after:
                        after, cuts = event.seq, 0
                        yield event
        except GatewayUnreachable as error:
            cuts += 1
            if cuts > MOST_CUTS:
                raise
            if cuts == 1:
                _log.warning("%s (%s); trying again", error.message, error.why)
        else:
            cuts += 1  # it ended without saying that nothing more comes
            if cuts > MOST_CUTS:
                raise GatewayUnreachable(
                    f"the stream of {exchange.url} ends again and again",
                    hint="see the log of `pagents serve`, and of a proxy in front of it",
                )
        await asyncio.sleep(pause_after(cuts))


async def data_of(pieces: AsyncIterator[bytes]) -> AsyncGenerator[bytes]:
    """The data of each event of a stream that may be cut anywhere; what is not whole is left out.

    Raises:
        GatewayMismatch: an event is larger than any that a store has.
    """
    rest = bytearray()
    begun = 0
    async for piece in pieces:
        rest += piece
        while (end := rest.find(b"\n", begun)) >= 0:
            line = bytes(rest[:end])
            del rest[: end + 1]
            begun = 0
            if line.startswith(_DATA):
                yield line.removeprefix(_DATA).strip()
        begun = len(rest)
        if begun > _MOST_LINE:
            raise GatewayMismatch(
                "the gateway sends an event that is too large",
                hint="install the same version of pagents on both machines",
            )
