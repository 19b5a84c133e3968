"""Tools: the tools that MCP clients call, executed at a distance."""

from __future__ import annotations

import asyncio
from time import monotonic

from parallel_agents.core.ids import make_long_name
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import GatewayUnreachable
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.pauses import AWAY_SECONDS, pause_after
from parallel_agents.gateway_client.wire import ANSWER

_LEAST_WAIT_SECONDS = 1.0


class RemoteTools:
    """Calls of tools, each answered by the gateway as its own MCP server would."""

    def __init__(self, exchange: Exchange) -> None:
        self._exchange = exchange

    async def call(
        self,
        name: str,
        arguments: JsonObject,
        *,
        client: str,
        longest_wait: float | None,
        allow_answers: bool,
    ) -> JsonObject:
        """The answer of a tool, asked for again while the gateway is away; the call takes effect once.

        Args:
            name: of the tool.
            arguments: what its schema asks for; the gateway checks them.
            client: what the sessions of the client are marked with; empty if it reaches all.
            longest_wait: the most seconds that the call waits.
            allow_answers: whether the client may answer the questions of agents.

        Raises:
            GatewayMismatch, NotAuthorized: the gateway cannot be asked.
            GatewayUnreachable: it is away for a minute, or until the longest wait is over.
        """
        body: dict[str, object] = {
            "name": name,
            "arguments": {**arguments},
            "client": client,
            "allow_answers": allow_answers,
        }
        key, cuts, began = make_long_name(), 0, monotonic()
        sent_at = 0.0
        most = AWAY_SECONDS if longest_wait is None else longest_wait
        while True:
            left = max(_LEAST_WAIT_SECONDS, began + most - monotonic())
            wait = None if longest_wait is None else left
            now = monotonic()
            try:
                answer = await self._exchange.change_once(
                    "/tools/call",
                    {**body, "longest_wait": wait},
                    key=key,
                    sent_seconds_ago=now - sent_at if sent_at else 0.0,
                )
            except GatewayUnreachable as error:  # it may be starting again; what began continues
                sent_at = sent_at or (now if error.was_sent else 0.0)
                cuts += 1
                pause = pause_after(cuts)
                if monotonic() + pause >= began + most:
                    raise
                await asyncio.sleep(pause)
                continue
            return self._exchange.read_value(ANSWER, answer.get("answer"))
