"""Distant: the verbs and the views of the gateway that the environment names, instead of a store of this machine."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from urllib.parse import urlsplit

from parallel_agents import clock
from parallel_agents.core.inspection import ModelLimits
from parallel_agents.errors import BadGateway
from parallel_agents.gateway_client.address import Address, check_token, is_here, read_url
from parallel_agents.gateway_client.awaited import AwaitedSessions
from parallel_agents.gateway_client.catalog import RemoteCatalog
from parallel_agents.gateway_client.exchange import Exchange
from parallel_agents.gateway_client.listening import Listening
from parallel_agents.gateway_client.maps import RemoteMaps
from parallel_agents.gateway_client.pools import RemotePools
from parallel_agents.gateway_client.sent import RemoteSent
from parallel_agents.gateway_client.shared import RemoteSharing, RemoteTranscripts
from parallel_agents.gateway_client.tools import RemoteTools
from parallel_agents.gateway_client.verbs import RemoteSessions
from parallel_agents.gateway_client.views import RemoteJournal, RemoteLimits
from parallel_agents.gateway_client.wire import NOW, Asked
from parallel_agents.gateway_client.workspaces import RemoteWorkspaces
from parallel_agents.models.network import Network
from parallel_agents.settings import TOKEN_VARIABLE, Environment

TOKEN_NAME = "gateway-token"  # noqa: S105 - the name of a file
_MOST_BYTES = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Distant:
    """What can be done and seen at a gateway.

    Attributes:
        sessions: the verbs.
        awaited: the same verbs for who is going to listen to what they start.
        journal: the events, and how sessions are doing.
        limits: how fast models may be called.
        sharing: what the sessions of each tree share.
        transcripts: finds texts in all sessions.
        tools: the tools that MCP clients call.
        catalog: the agents and teams.
        workspaces: the copies of folders that sessions worked in.
        pools: starts tasks in pools.
        maps: does rows that are sent.
        sent: what sessions have sent to models.
        now: seconds since the epoch, as its store counts them.
    """

    sessions: RemoteSessions
    awaited: RemoteSessions
    journal: RemoteJournal
    limits: ModelLimits
    sharing: RemoteSharing
    transcripts: RemoteTranscripts
    tools: RemoteTools
    catalog: RemoteCatalog
    workspaces: RemoteWorkspaces
    pools: RemotePools
    maps: RemoteMaps
    sent: RemoteSent
    now: Callable[[], float]


@asynccontextmanager
async def open_distant(environment: Environment) -> AsyncGenerator[Distant]:
    """The gateway that the environment names, which has been asked once.

    Raises:
        BadGateway: its address or token cannot be used.
        GatewayUnreachable, GatewayMismatch, NotAuthorized: it cannot be asked.
    """
    address = address_of(environment)
    network = Network(environment.variables)
    proxy = (
        None if is_here(urlsplit(address.url).hostname or "") else network.proxy_for(address.url)
    )
    async with network.open_session(address.url, proxy, auto_decompress=False) as http:
        exchange = Exchange(address, http)
        ahead = await exchange.look(NOW, Asked(look=NOW.name)) - clock.wall()
        async with Listening(exchange) as listening:
            yield _distant(exchange, listening, ahead)


def _distant(exchange: Exchange, listening: Listening, ahead: float) -> Distant:
    sessions = RemoteSessions(exchange, listening)
    return Distant(
        sessions=sessions,
        awaited=AwaitedSessions(exchange, listening),
        journal=RemoteJournal(exchange),
        limits=RemoteLimits(exchange),
        sharing=RemoteSharing(exchange),
        transcripts=RemoteTranscripts(exchange),
        tools=RemoteTools(exchange),
        catalog=RemoteCatalog(exchange),
        workspaces=RemoteWorkspaces(exchange, sessions),
        pools=RemotePools(exchange),
        maps=RemoteMaps(exchange),
        sent=RemoteSent(exchange),
        now=lambda: clock.wall() + ahead,
    )


def address_of(environment: Environment) -> Address:
    """The address and the token that the environment names; the home's own token is for this machine alone.

    Raises:
        BadGateway: one of them is missing, or cannot be used.
    """
    url = read_url(environment.gateway)
    given = environment.variables.get(TOKEN_VARIABLE, "")
    if given:
        return Address(url=url, token=check_token(given, TOKEN_VARIABLE))
    file = environment.home / TOKEN_NAME
    if is_here(urlsplit(url).hostname or "") and file.is_file():
        try:
            with file.open("rb") as opened:
                found = opened.read(_MOST_BYTES).decode("ascii", "ignore")
        except OSError as error:
            raise BadGateway(
                f"{file} cannot be read",
                why=error.strerror or str(error),
                hint=f"set {TOKEN_VARIABLE}",
            ) from error
        return Address(url=url, token=check_token(found, str(file)))
    raise BadGateway(
        f"there is no token for {url}",
        why=f"{TOKEN_VARIABLE} is not set",
        hint=f"set {TOKEN_VARIABLE}, or in Python token=, to what is in {TOKEN_NAME} of the home in which "
        "`pagents serve` runs",
    )
