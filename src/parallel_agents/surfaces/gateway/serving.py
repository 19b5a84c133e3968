"""Serving: the gateway on a bound socket, until it is told to stop or its store fails."""

from __future__ import annotations

import asyncio
import logging
import socket
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from parallel_agents.app.thin import open_thin
from parallel_agents.engines.process import allow_connections
from parallel_agents.errors import StoreError
from parallel_agents.live_text.folder import LiveTextFolder
from parallel_agents.settings import Environment, Settings
from parallel_agents.surfaces.gateway.access import HomeTokens, Tokens
from parallel_agents.surfaces.gateway.api import Api
from parallel_agents.surfaces.gateway.connection import GatewayConnection
from parallel_agents.surfaces.gateway.gateway import Gateway
from parallel_agents.surfaces.gateway.guard import Guard, is_api
from parallel_agents.surfaces.gateway.hub import Hub
from parallel_agents.surfaces.gateway.indexing import keep_indexed
from parallel_agents.surfaces.gateway.live_watch import LiveWatch
from parallel_agents.surfaces.gateway.mcp_face import open_mcp
from parallel_agents.surfaces.gateway.origins import Origins
from parallel_agents.surfaces.gateway.pages import Pages
from parallel_agents.surfaces.gateway.sockets import Topics, serve_socket
from parallel_agents.surfaces.gateway.table import ROUTES
from parallel_agents.surfaces.http.quiet_server import QuietServer

_GRACE_SECONDS = 1
_MOST_CONNECTIONS = 2048
MCP_PATH = "/mcp"
_SOCKET_BYTES = 64 * 1024


@asynccontextmanager
async def open_gateway(environment: Environment, settings: Settings) -> AsyncGenerator[Gateway]:
    """An open home whose runs a worker executes, so that they continue when the gateway ends.

    Raises:
        ConfigError, StoreError: the settings or the store cannot be used.
    """
    async with open_thin(environment, settings) as client:
        hub = Hub(await client.journal.last_seq())
        unsubscribe = client.subscribe(hub.hear)
        try:
            async with open_mcp(environment, settings, hub.ending) as mcp:
                live = LiveWatch(LiveTextFolder(environment.home))
                yield Gateway(client=client, environment=environment, hub=hub, mcp=mcp, live=live)
        finally:
            hub.ending.set()
            unsubscribe()
            client.transcripts.close()


def application(gateway: Gateway, origins: Origins, tokens: Tokens | HomeTokens) -> ASGIApp:
    """The API and the page, behind the guard."""
    api, pages, topics = Api(gateway, ROUTES), Pages(), Topics(gateway)

    async def answer(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await serve_socket(topics, scope, receive, send)
            return
        if scope["path"].rstrip("/") == MCP_PATH:  # clients write it with a slash, and without
            await gateway.mcp({**scope, "path": MCP_PATH}, receive, send)
            return
        await (api if is_api(scope) else pages)(scope, receive, send)

    return Guard(answer, origins, tokens, time.monotonic)


async def serve(
    gateway: Gateway,
    bound: socket.socket,
    app: ASGIApp,
    stop: asyncio.Event,
    *,
    only_reads: bool = False,
) -> None:
    """Serve until `stop` is set; open requests then have one second to end.

    What dead processes left is continued by a worker, unless it `only_reads`.

    Raises:
        StoreError: the store has failed.
    """
    allow_connections(_MOST_CONNECTIONS)
    serving = _server_of(app)
    failures: list[StoreError] = []

    def fail(error: StoreError) -> None:
        failures.append(error)
        stop.set()

    async def end() -> None:
        await stop.wait()
        gateway.hub.ending.set()
        serving.should_exit = True

    unsubscribe = gateway.client.on_failure(fail)
    try:
        async with asyncio.TaskGroup() as group:
            work = (
                _beside(gateway.client.look_after(only_reads=only_reads), fail),
                _beside(keep_indexed(gateway.client.transcripts), fail),
                gateway.live.run(),
                end(),
            )
            beside = [group.create_task(each) for each in work]
            await serving.serve(sockets=[bound])
            for task in beside:
                task.cancel()
    finally:
        unsubscribe()
    if failures:
        raise failures[0]


def _server_of(app: ASGIApp) -> QuietServer:
    # It reports each socket that is refused as an error, and the API logs its own faults.
    logging.getLogger("uvicorn.error").setLevel(logging.CRITICAL)
    return QuietServer(
        uvicorn.Config(
            app,
            http=GatewayConnection,
            ws="websockets-sansio",
            ws_max_size=_SOCKET_BYTES,
            limit_concurrency=_MOST_CONNECTIONS,
            lifespan="off",
            log_config=None,
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
        )
    )


async def _beside(work: Awaitable[None], on_failure: Callable[[StoreError], None]) -> None:
    """What is done beside serving; if the store fails it, serving ends with that error alone."""
    try:
        await work
    except StoreError as error:
        on_failure(error)
