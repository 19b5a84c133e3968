"""Acting: the verbs on a store that is there, or at the gateway that the environment names; both execute nothing."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from parallel_agents.app.client import Client
from parallel_agents.app.distant import Distant, open_distant
from parallel_agents.app.opening import open_client, open_existing
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.verbs import DeadLetters, Sessions
from parallel_agents.gateway_client.shared import RemoteSharing
from parallel_agents.sessions.sharing import Sharing
from parallel_agents.settings import Environment, Settings


class ActingSessions(Sessions, DeadLetters, Protocol):
    """The verbs, and those for dead letters."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Acting:
    """What can be done with sessions, wherever they are.

    Attributes:
        sessions: the verbs.
        journal: the events, and how sessions are doing.
        sharing: what the sessions of each tree share.
        here: the client of this machine's home; None at a gateway.
        distant: the client of a gateway; None on this machine's home.
    """

    sessions: ActingSessions
    journal: Journal
    sharing: Sharing | RemoteSharing
    here: Client | None = None
    distant: Distant | None = None

    @property
    def now(self) -> Callable[[], float]:
        """Seconds since the epoch, as the store counts them."""
        known = self.here or self.distant
        assert known is not None  # it is one of the two
        return known.now

    async def ensure_worker(self, session: SessionKey, run: RunId) -> None:
        """Make sure that a worker executes a run; a gateway has seen to that itself."""
        if self.here is not None:
            await self.here.workers.ensure(session, run)


@asynccontextmanager
async def open_acting(
    environment: Environment, settings: Settings, *, is_made: bool = False
) -> AsyncGenerator[Acting]:
    """The verbs of the home, whose store is made only if `is_made`; or of a gateway.

    Raises:
        NotFound: there is no store.
        BadGateway, GatewayUnreachable, GatewayMismatch, NotAuthorized: the gateway cannot be asked.
    """
    if environment.gateway:
        async with open_distant(environment) as distant:
            yield Acting(
                sessions=distant.sessions,
                journal=distant.journal,
                sharing=distant.sharing,
                distant=distant,
            )
        return
    opened = open_client if is_made else open_existing
    async with opened(environment, settings) as client:
        yield Acting(
            sessions=client.sessions, journal=client.journal, sharing=client.sharing, here=client
        )
