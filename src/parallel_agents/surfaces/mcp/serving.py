"""Serving: the tools on an open home, for clients; loaded by the first call, which is the first to need it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace

from parallel_agents.app.thin import ThinClient, open_thin
from parallel_agents.core.question import OpenQuestion
from parallel_agents.errors import StoreError
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.mcp.calls import Answering, Calls, find_requester
from parallel_agents.surfaces.mcp.client import Client
from parallel_agents.surfaces.mcp.teams import TeamTools


@asynccontextmanager
async def open_calls(
    environment: Environment, settings: Settings, client: Client
) -> AsyncGenerator[Calls]:
    """What clients can call in a home; a worker executes what they start.

    A client with a name reaches what clients have spawned, its own first, and one without all.

    Raises:
        ConfigError, StoreError: the settings or the store cannot be used.
    """
    async with open_thin(environment, settings, client.name) as thin:
        calls = await calls_of(thin, environment, client, settings.parent_session)
        looking = asyncio.create_task(_look_after(thin))
        try:
            yield calls
        finally:
            looking.cancel()
            await asyncio.wait({looking})


async def _look_after(thin: ThinClient) -> None:
    with suppress(StoreError):  # the next call meets it, and says so
        await thin.look_after()


async def calls_of(
    thin: ThinClient,
    environment: Environment,
    client: Client,
    session: str | None = None,
    *,
    key: str = "",
) -> Calls:
    """What a client can call in an open home, for the session of that name if there is one.

    A key names the one call that follows: if it comes again, it finds what it started.

    Raises:
        ConfigError: there is no such session.
    """
    found = await find_requester(thin.sessions, session, client)
    requester = replace(found, call=key) if key else found
    return Calls(
        thin.session_tools,
        requester,
        teams=None if client.is_session else TeamTools(thin, environment, requester).call,
        answering=_answering(thin) if client.allow_answers else None,
        hand_over=thin.hand_to_worker,
    )


def _answering(client: ThinClient) -> Answering:
    async def go_on(answered: OpenQuestion) -> None:
        await client.workers.ensure(answered.session, answered.run)

    return Answering(client.sessions, go_on)
