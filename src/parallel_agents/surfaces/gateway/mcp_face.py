"""MCP face: the tools of `pagents mcp` at `/mcp`, loaded by the first request."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from importlib import import_module

from starlette.types import ASGIApp, Receive, Scope, Send

from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import MissingExtra
from parallel_agents.extras import install_line
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.gateway.access import Access, Actor
from parallel_agents.surfaces.gateway.guard import ACTOR
from parallel_agents.surfaces.mcp.about import listed
from parallel_agents.surfaces.mcp.client import LONGEST_WAIT_SECONDS, OVER_HTTP, Answer, Client
from parallel_agents.surfaces.mcp.first_call import FirstCall
from parallel_agents.surfaces.mcp.reading import listed_for_reading, only_reading

_HTTP = "parallel_agents.surfaces.mcp.http"
_Opens = Callable[[Answer, asyncio.Event, JsonObject], AbstractAsyncContextManager[ASGIApp]]


class McpFace:
    """The application at `/mcp`.

    What it needs takes a second to load and 40 MB, which few gateways ever need.
    """

    def __init__(self, environment: Environment, settings: Settings, stop: asyncio.Event) -> None:
        is_session = settings.parent_session is not None
        self._client = Client(OVER_HTTP, LONGEST_WAIT_SECONDS, is_session=is_session)
        self._calls = FirstCall(environment, settings, self._client)
        self._stop = stop
        self._asked = asyncio.Event()
        self._apps: asyncio.Future[Mapping[Access, ASGIApp]] = (
            asyncio.get_running_loop().create_future()
        )

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request that the guard has let in; whoever only reads has only such tools.

        Raises:
            MissingExtra: the SDK is not installed.
        """
        self._asked.set()
        apps = await asyncio.shield(self._apps)
        actor: Actor = scope[ACTOR]
        await apps[actor.access](scope, receive, send)

    async def run(self) -> None:
        """Load what it needs once it is asked for, and answer until this is cancelled."""
        await self._asked.wait()
        async with AsyncExitStack() as stack:
            try:
                opened = await asyncio.to_thread(_load)
                client, calls = self._client, await stack.enter_async_context(self._calls)
                whole = opened(calls.call, self._stop, listed(client))
                looking = only_reading(calls.call_looking, client)
                reading = opened(looking, self._stop, listed_for_reading(client))
                apps = {
                    Access.OPERATE: await stack.enter_async_context(whole),
                    Access.READ: await stack.enter_async_context(reading),
                }
            except Exception as error:  # noqa: BLE001 - it is raised where it was asked for
                self._apps.set_exception(error)
                return
            self._apps.set_result(apps)
            await asyncio.Event().wait()


@asynccontextmanager
async def open_mcp(
    environment: Environment, settings: Settings, stop: asyncio.Event
) -> AsyncGenerator[McpFace]:
    """The application, which ends calls that wait once `stop` is set."""
    face = McpFace(environment, settings, stop)
    running = asyncio.create_task(face.run())
    try:
        yield face
    finally:
        running.cancel()
        await asyncio.wait((running,))


def _load() -> _Opens:
    try:
        opens: _Opens = import_module(_HTTP).application
    except ModuleNotFoundError as error:
        raise MissingExtra(
            "MCP over HTTP is not installed",
            why=str(error),
            hint=f"{install_line('pagents[mcp]')}, and start the gateway again",
        ) from error
    return opens
