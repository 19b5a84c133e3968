"""HTTP: serve many clients on one address.

Every request must carry a token: other users of this machine, and every web page that is open on it,
reach loopback too. On loopback, requests with a foreign Host or Origin header are refused as well.
"""

from __future__ import annotations

import asyncio
import secrets
import socket
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from parallel_agents.surfaces.http.connection import BoundedConnection
from parallel_agents.surfaces.http.listening import is_loopback, origin_of
from parallel_agents.surfaces.http.quiet_server import QuietServer

PATH = "/mcp"
_GRACE_SECONDS = 1
_MOST_BYTES = 16_000_000  # per request; attachments may have 5 MB, and grow as JSON
_MOST_CONNECTIONS = 256
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def url_of(bound: socket.socket) -> str:
    return f"{origin_of(bound)}{PATH}"


async def serve_http(
    server: Server[dict[str, Any]], bound: socket.socket, token: str, stop: asyncio.Event
) -> None:
    """Serve until `stop` is set; open requests then have one second to end.

    There are no MCP sessions: each request is independent, so clients continue when the server is
    started again.
    """
    app = server.streamable_http_app(
        streamable_http_path=PATH,
        stateless_http=True,
        max_request_body_size=_MOST_BYTES,
        transport_security=guard(bound.getsockname()[0]),
    )
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

    async with server.session_manager.run(), asyncio.TaskGroup() as group:
        group.create_task(end())
        await serving.serve(sockets=[bound])


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
