"""Tools: the tools that MCP clients call, executed at a distance."""

from __future__ import annotations

from parallel_agents.core.schema import JsonObject
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.wire import ANSWER


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
        """The answer of a tool.

        Args:
            name: of the tool.
            arguments: what its schema asks for; the gateway checks them.
            client: what the sessions of the client are marked with; empty if it reaches all.
            longest_wait: the most seconds that the call waits.
            allow_answers: whether the client may answer the questions of agents.

        Raises:
            GatewayUnreachable, GatewayMismatch, NotAuthorized: the gateway cannot be asked.
        """
        body = {
            "name": name,
            "arguments": {**arguments},
            "client": client,
            "longest_wait": longest_wait,
            "allow_answers": allow_answers,
        }
        answer = await self._exchange.request("POST", "/tools/call", body=body)
        return self._exchange.read_value(ANSWER, answer.get("answer"))
