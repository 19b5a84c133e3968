"""Connecting: `connect` gives a program the verbs of a gateway on another machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import replace

from parallel_agents.api.connected_sessions import ConnectedSessions
from parallel_agents.app.distant import open_distant
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.async_use import opening
from parallel_agents.gateway_client.address import check_token
from parallel_agents.other_threads import threads_to_the_end
from parallel_agents.settings import TOKEN_VARIABLE, URL_VARIABLE, read_user_environment


@checked
@opening
async def connect(url: Name, *, token: Name | None = None) -> AsyncGenerator[ConnectedSessions]:
    """Use the verbs of the gateway at an address; a worker there executes what is spawned.

        async with pa.connect("https://box:7333") as sessions:
            session = await sessions.spawn(pa.Task("writer", "Write a haiku", key="haiku-1"))
            result = await session.wait()

    Args:
        url: the address; plain `http://` only on this machine, as at the end of a tunnel.
        token: what is in `gateway-token` of the home in which `pagents serve` runs; by default
            `PARALLEL_AGENTS_TOKEN`.

    Yields:
        The verbs: spawn, send, steer, kill, wait, list and history.

    Raises:
        BadGateway: the address or the token cannot be used.
        GatewayUnreachable, GatewayMismatch, NotAuthorized: the gateway cannot be asked.
    """
    environment = read_user_environment()
    given = {URL_VARIABLE: url}
    if token is not None:
        given[TOKEN_VARIABLE] = check_token(token, "token of connect()")
    named = replace(environment, variables={**environment.variables, **given})
    with threads_to_the_end():
        async with open_distant(named) as distant:
            yield ConnectedSessions(distant)
