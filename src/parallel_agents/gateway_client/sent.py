"""Sent: the requests of sessions as they went to models, made again at a distance."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.sent import SentRequest
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.wire import SENT, SENT_PAGE, Asked


class RemoteSent:
    """See `core.sent.SentRequests`; secrets that the gateway knows are hidden."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def of(self, name: str) -> Sequence[SentRequest]:
        found: list[SentRequest] = []
        while True:
            asked = Asked(look=SENT.name, name=name, after=len(found))
            page = await self._exchange.look(SENT, asked)
            found += [each.sent for each in page]
            if len(page) < SENT_PAGE:
                return found
