"""Gateway: what requests are answered from: an open home, and the events as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field

from starlette.types import ASGIApp

from parallel_agents.app.thin import ThinClient
from parallel_agents.core.row import Row
from parallel_agents.core.verbs import SessionVerbs
from parallel_agents.settings import Environment
from parallel_agents.surfaces.gateway.access import Actor
from parallel_agents.surfaces.gateway.hub import Hub
from parallel_agents.surfaces.gateway.kept_documents import KeptDocuments
from parallel_agents.surfaces.gateway.kept_lanes import KeptLanes
from parallel_agents.surfaces.gateway.live_watch import LiveWatch
from parallel_agents.surfaces.gateway.resent import ResentRequests
from parallel_agents.surfaces.gateway.verifying import Verifying


@dataclass(frozen=True, slots=True, kw_only=True)
class Gateway:
    """An open home, whose work a worker executes.

    Attributes:
        hub: who hears of new events.
        mcp: the tools for MCP clients.
        beginning: held while a conversation is looked up or begun, so that two messages begin one.
        mapping: held while the rows of a map are checked and it is begun, so that one request begins it.
        lanes: those of the runs that were looked at last.
        live: what models are writing, for who looks at it.
        documents: those of the sessions that were shown last.
        verifying: the check of the journal that somebody has asked for.
    """

    client: ThinClient
    environment: Environment
    hub: Hub
    mcp: ASGIApp
    live: LiveWatch
    beginning: asyncio.Lock = field(default_factory=asyncio.Lock)
    mapping: asyncio.Lock = field(default_factory=asyncio.Lock)
    lanes: KeptLanes = field(default_factory=KeptLanes)
    documents: KeptDocuments = field(default_factory=KeptDocuments)
    resent: ResentRequests = field(default_factory=ResentRequests)
    verifying: Verifying = field(default_factory=Verifying)

    def lacks(self, row: Row) -> str:
        """What a process with these settings lacks to continue a run; empty if nothing."""
        return self.client.readiness.lacks(row)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request.

    Attributes:
        names: the names in its path.
        key: names the request, so that it takes effect once; empty for none.
        accepts: the media types that the client reads, as it wrote them.
        last_event: the number of the last event that a broken stream has sent, as text.
        first_sent_seconds_ago: since when the client has been sending the request; 0 if this is the first time.
        retries: how often the client says that it has sent the request before.
    """

    gateway: Gateway
    actor: Actor
    path: str
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    key: str = ""
    accepts: str = ""
    last_event: str = ""
    first_sent_seconds_ago: float = 0.0
    retries: int = 0

    @property
    def client(self) -> ThinClient:
        return self.gateway.client

    @property
    def verbs(self) -> SessionVerbs:
        """The verbs, whose use the journal tells as by whoever asks."""
        return self.client.on_behalf(self.actor.via)

    @property
    def name(self) -> str:
        """The name in the path, which all but a few paths have."""
        return self.names["name"]
