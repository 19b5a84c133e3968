"""A server on loopback that speaks streamable HTTP, and does wrong what a test asks for."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

Message = dict[str, Any]
# What the server does with a call; None to answer as it should.
Act = Callable[["HttpServer", web.Request, Message], Awaitable[web.StreamResponse | None]]


@dataclass(slots=True)
class HttpServer:
    """A server with sessions.

    Attributes:
        act: what it does with a call of a tool.
        begin: what it does with the handshake.
        requests: the requests, as method and message.
        headers: those of the last request.
    """

    act: Act | None = None
    begin: Act | None = None
    events: bool = False
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    sessions: list[str] = field(default_factory=list[str])
    ended: list[str] = field(default_factory=list[str])
    url: str = ""

    async def handle(self, request: web.Request) -> web.StreamResponse:
        message: Message = await request.json() if request.method == "POST" else {}
        self.requests.append((request.method, message.get("method", "")))
        self.headers = dict(request.headers)
        match request.method, message.get("method"):
            case "GET", _:
                return web.Response(status=405)
            case "DELETE", _:
                self.ended.append(request.headers["mcp-session-id"])
                return web.Response()
            case _, "initialize":
                if self.begin is not None and (done := await self.begin(self, request, message)):
                    return done
                self.sessions.append(f"session-{len(self.sessions)}")
                return self.answer(message, self._welcome(message), self.sessions[-1])
            case _, _ if "id" not in message:
                return web.Response(status=202)
            case _:
                return await self._request(request, message)

    async def _request(self, request: web.Request, message: Message) -> web.StreamResponse:
        if request.headers.get("mcp-session-id") not in self.sessions:
            error = {"code": -32001, "message": "Session not found"}
            return web.json_response({"jsonrpc": "2.0", "id": None, "error": error}, status=404)
        if message["method"] == "tools/list":
            tools = [{"name": "echo", "inputSchema": {"type": "object"}}]
            return await self.reply(request, message, {"tools": tools})
        if self.act is not None and (done := await self.act(self, request, message)):
            return done
        said = str(message["params"]["arguments"].get("text", ""))
        return await self.reply(
            request, message, {"content": [{"type": "text", "text": said}], "isError": False}
        )

    def _welcome(self, message: Message) -> Message:
        version = message["params"]["protocolVersion"]
        info = {"name": "http", "version": "1"}
        return {"protocolVersion": version, "capabilities": {"tools": {}}, "serverInfo": info}

    def answer(self, message: Message, result: Message, session: str = "") -> web.Response:
        headers = {"mcp-session-id": session} if session else {}
        return web.json_response(
            {"jsonrpc": "2.0", "id": message["id"], "result": result}, headers=headers
        )

    async def reply(
        self, request: web.Request, message: Message, result: Message
    ) -> web.StreamResponse:
        if not self.events:
            return self.answer(message, result)
        response = web.StreamResponse(headers={"content-type": "text/event-stream"})
        await response.prepare(request)
        body = json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result})
        await response.write(f"event: message\ndata: {body}\n\n".encode())
        return response


@asynccontextmanager
async def serving(
    act: Act | None = None, begin: Act | None = None, *, events: bool = False
) -> AsyncGenerator[HttpServer]:
    server = HttpServer(act=act, begin=begin, events=events)
    application = web.Application(client_max_size=1 << 24)
    application.router.add_route("*", "/mcp", server.handle)
    runner = web.AppRunner(application, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    port = runner.addresses[0][1]
    server.url = f"http://127.0.0.1:{port}/mcp"
    try:
        yield server
    finally:
        await runner.cleanup()


async def never(_: HttpServer, __: web.Request, ___: Message) -> web.StreamResponse | None:
    """Answer nothing, ever."""
    await asyncio.Event().wait()
    return None
