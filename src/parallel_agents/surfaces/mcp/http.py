"""HTTP: serve many clients on one address.

Every request must carry a token: other users of this machine, and every web page that is open on it,
reach loopback too. On loopback, requests with a foreign Host or Origin header are refused as well.
"""

from __future__ import annotations

import asyncio
import ipaddress
import secrets
import socket
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import uvicorn
from mcp.server.lowlevel import Server
from mcp.server.transport_security import TransportSecuritySettings
from starlette.datastructures import Headers
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Receive, Scope, Send
from typing_extensions import override

from parallel_agents.errors import ConfigError
from parallel_agents.surfaces.mcp.connection import BoundedConnection

PATH = "/mcp"
_GRACE_SECONDS = 1
_MOST_BYTES = 16_000_000  # per request; attachments may have 5 MB, and grow as JSON
_MOST_CONNECTIONS = 256
_NAMES = ("127.0.0.1", "localhost", "[::1]")


def listen(host: str, port: int) -> socket.socket:
    """A bound socket; port 0 is any free port.

    Raises:
        ConfigError: the address cannot be bound.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be bound",
            why=error.strerror or str(error),
            hint="choose another --http PORT; 0 is any free port",
        ) from error


def is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def url_of(bound: socket.socket) -> str:
    host, port = bound.getsockname()[:2]
    return f"http://{f'[{host}]' if ':' in host else host}:{port}{PATH}"


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
    serving = _Uvicorn(
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


class _Uvicorn(uvicorn.Server):
    """A server that leaves signals to the command."""

    @override
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        yield
