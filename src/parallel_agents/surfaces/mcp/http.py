"""HTTP: serve many clients on one address.

Every request must carry a token: other users of this machine, and every web page that is open on it,
reach loopback too. On loopback, requests with a foreign Host or Origin header are refused as well.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from parallel_agents.core.schema import JsonObject
from parallel_agents.surfaces.http.connection import BoundedConnection
from parallel_agents.surfaces.http.listening import is_loopback, origin_of
from parallel_agents.surfaces.http.quiet_server import QuietServer
from parallel_agents.surfaces.mcp.client import Answer
from parallel_agents.surfaces.mcp.server import make_server

PATH = "/mcp"
_GRACE_SECONDS = 1
_SEND_SECONDS = 30.0
_MOST_BYTES = 16_000_000  # per request; attachments may have 5 MB, and grow as JSON
_MOST_CONNECTIONS = 256
_JSON = "application/json"
_INVALID_REQUEST = -32600  # of JSON-RPC
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def url_of(bound: socket.socket) -> str:
    return f"{origin_of(bound)}{PATH}"


async def serve_http(
    server: Server[dict[str, Any]], bound: socket.socket, token: str, stop: asyncio.Event
) -> None:
    """Serve until `stop` is set; open requests then have one second to end."""
    async with opened(server, guard(bound.getsockname()[0])) as app:
        serving = QuietServer(
            uvicorn.Config(
                _WithToken(app, token),
                http=BoundedConnection,
                ws="none",
                limit_concurrency=_MOST_CONNECTIONS,
                lifespan="off",
                log_config=None,
                access_log=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
            )
        )

        async def end() -> None:
            await stop.wait()
            serving.should_exit = True

        async with asyncio.TaskGroup() as group:
            group.create_task(end())
            await serving.serve(sockets=[bound])


@asynccontextmanager
async def opened(
    server: Server[dict[str, Any]], security: TransportSecuritySettings
) -> AsyncGenerator[ASGIApp]:
    """The server as an application that answers requests at `PATH`, until the block ends.

    There are no MCP sessions: each request is independent, so clients continue when the server is
    started again. One task enters and leaves it.
    """
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        max_request_body_size=_MOST_BYTES,
        transport_security=security,
    )
    async with server.session_manager.run():
        yield _OnlyPosts(app)


def guard(host: str) -> TransportSecuritySettings:
    """Protection against web pages whose host name resolves to this machine (DNS rebinding).

    For other addresses the host names are unknown; there only the token protects, which no page
    knows.
    """
    if not is_loopback(host):
        return TransportSecuritySettings(enable_dns_rebinding_protection=False)
    return TransportSecuritySettings(
        allowed_hosts=[f"{name}:*" for name in _NAMES],
        allowed_origins=[f"http://{name}:*" for name in _NAMES],
    )


@asynccontextmanager
async def application(
    answer: Answer, stop: asyncio.Event, tools: JsonObject
) -> AsyncGenerator[ASGIApp]:
    """The tools as an application behind somebody else's checks of hosts, origins and tokens."""
    checked = TransportSecuritySettings(enable_dns_rebinding_protection=False)
    async with opened(make_server(answer, stop, tools), checked) as app:
        yield app


class _OnlyPosts:
    """An application that answers POST of JSON alone, and closes on clients that take nothing.

    Without MCP sessions there is nothing to listen to and nothing to end. The protocol wants 405 for
    both; the SDK opens a stream in which nothing ever comes, on which clients wait. Of another type of
    content it says, in plain text, that the text is JSON.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        takes = True

        async def send_in_time(message: Message) -> None:
            nonlocal takes
            if not takes:  # the SDK would tell it of its failure as well
                raise TimeoutError
            try:
                async with asyncio.timeout(_SEND_SECONDS):
                    await send(message)
            except TimeoutError:
                takes = False
                raise

        await _answering(scope, self._app)(scope, receive, send_in_time)


def _answering(scope: Scope, app: ASGIApp) -> ASGIApp:
    """What answers a request: a refusal, or else the application."""
    if scope["method"] != "POST":
        what = "there are no MCP sessions here; send a POST"
        return _refusal(405, what, {"Allow": "POST"})
    if _media_type(scope) != _JSON:
        return _refusal(415, f"send JSON, with the header 'Content-Type: {_JSON}'")
    return app


def _media_type(scope: Scope) -> str:
    return Headers(scope=scope).get("content-type", "").partition(";")[0].strip().lower()


def _refusal(status: int, message: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    error = {"code": _INVALID_REQUEST, "message": message}
    return JSONResponse({"jsonrpc": "2.0", "id": None, "error": error}, status, headers)


class _WithToken:
    """An application whose requests must carry a token."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._expected = token.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        scheme, _, given = Headers(scope=scope).get("authorization", "").partition(" ")
        is_same = secrets.compare_digest(given.strip().encode(), self._expected)
        if is_same and scheme.lower() == "bearer":
            await self._app(scope, receive, send)
            return
        message = "the header 'Authorization: Bearer TOKEN' is missing, or its token is wrong"
        refused = JSONResponse({"error": message}, 401, {"WWW-Authenticate": "Bearer"})
        await refused(scope, receive, send)
