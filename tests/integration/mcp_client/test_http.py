"""Servers at an address: what they may answer, and what becomes of sessions that they forget."""

from __future__ import annotations

import asyncio
import json

import pytest
from aiohttp import web

from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.tool import EffectUnknown, ToolError
from parallel_agents.errors import McpServerFailed
from tests.integration.mcp_client.http_server import Act, HttpServer, Message, never, serving
from tests.integration.mcp_client.servers import agent, call, offered, opened, tools_of


def at(server: HttpServer, **fields: object) -> McpServer:
    return McpServer(name="one", url=server.url, **fields)  # pyright: ignore[reportArgumentType] - of any field


def status(code: int, text: str = "", kind: str = "text/plain") -> Act:
    async def act(_: HttpServer, __: web.Request, ___: Message) -> web.StreamResponse:
        return web.Response(status=code, text=text, content_type=kind)

    return act


@pytest.mark.parametrize("events", [False, True])
async def test_a_server_is_called_over_http(events: bool) -> None:
    async with serving(events=events) as http, opened(at(http)) as servers:
        assert await call(servers, "echo", text="tea 🍵") == "tea 🍵"


async def test_headers_are_sent_and_what_they_hold_is_looked_up() -> None:
    headers = {"Authorization": "Bearer ${SECRET}", "X-Team": "env:SECRET"}
    async with serving() as http, opened(at(http, headers=headers)) as servers:
        await call(servers, "echo", text="x")

        assert http.headers["Authorization"] == "Bearer s3cr3t-v4lue"
        assert http.headers["X-Team"] == "s3cr3t-v4lue"


async def test_sessions_share_one_session_which_is_ended_with_the_process() -> None:
    async with serving() as http:
        async with opened(at(http)) as servers:
            await asyncio.gather(*(call(servers, "echo", text=str(n)) for n in range(20)))

        assert http.sessions == ["session-0"]
        assert http.ended == ["session-0"]


async def test_an_address_is_used_where_a_sandbox_is_required() -> None:
    async with serving() as http, opened(at(http)) as servers:
        found = await offered(servers, agent(), Sandbox.REQUIRE)

        assert set(found["mcp__one"]) == {"mcp__one__echo"}


async def test_a_session_that_the_server_forgot_is_begun_anew_and_the_call_made_once() -> None:
    async with serving() as http, opened(at(http)) as servers:
        await call(servers, "echo", text="first")
        http.sessions[0] = "forgotten"
        told = await asyncio.gather(*(call(servers, "echo", text=str(n)) for n in range(5)))

        assert told == ["0", "1", "2", "3", "4"]
        assert len(http.sessions) == 2


async def test_a_server_that_forgets_each_session_is_not_asked_forever() -> None:
    async with serving(act=status(404)) as http, opened(at(http)) as servers:
        with pytest.raises(ToolError, match="HTTP 404 Not Found"):
            await call(servers, "echo", text="x")

        assert [method for _, method in http.requests].count("tools/call") == 2


@pytest.mark.parametrize(
    ("act", "kind", "why"),
    [
        (status(401, "no token"), ToolError, "HTTP 401 Unauthorized: no token. Only the user can"),
        (status(403), ToolError, "HTTP 403 Forbidden"),
        (status(400, '{"error": {"code": -32602, "message": "bad"}}', "application/json"), ToolError, "HTTP 400 Bad Request: bad"),
        (status(429, "<html>", "text/html"), ToolError, "HTTP 429 Too Many Requests."),
        (status(500, "oops"), EffectUnknown, "HTTP 500 Internal Server Error: oops. Whether"),
        (status(502), EffectUnknown, "HTTP 502 Bad Gateway"),
        (status(200, "<html>", "text/html"), ToolError, "Unexpected content type: text/html"),
        (status(200, "{", "application/json"), ToolError, "Failed to parse JSON"),
        (status(200, "[]", "application/json"), ToolError, "Failed to parse JSON"),
        (status(200, "event: message\ndata: {\n\n", "text/event-stream"), ToolError, "Failed to parse"),
        (status(200, "event: ping\n\n", "text/event-stream"), EffectUnknown, "SSE stream ended without"),
    ],
)  # fmt: skip
async def test_what_a_server_answers_instead_of_a_result_is_told(
    act: Act, kind: type[Exception], why: str
) -> None:
    async with serving(act=act) as http, opened(at(http)) as servers:
        with pytest.raises(ToolError) as error:
            await call(servers, "echo", text="x")
        http.act = None

        assert type(error.value) is kind
        assert why in str(error.value)
        assert await call(servers, "echo", text="still here") == "still here"


@pytest.mark.parametrize(
    ("begin", "why"),
    [
        (status(401, "no token"), "it refused: HTTP 401 Unauthorized: no token"),
        (status(404), "it refused: HTTP 404 Not Found"),
        (status(500), "it refused: HTTP 500 Internal Server Error"),
        (status(200, "<html>", "text/html"), "Unexpected content type: text/html"),
        (never, "it did not answer within 0.5 s"),
    ],
)
async def test_a_server_that_does_not_begin_is_told(begin: Act, why: str) -> None:
    async with serving(begin=begin) as http, opened(at(http, start_timeout_seconds=0.5)) as servers:
        with pytest.raises(McpServerFailed) as error:
            await tools_of(servers, "mcp__one")

    assert why in error.value.why


async def test_an_address_at_which_nobody_listens_is_told() -> None:
    async with serving() as http:
        gone = at(http)
    async with opened(gone) as servers:
        with pytest.raises(McpServerFailed, match="cannot be used") as error:
            await tools_of(servers, "mcp__one")

    assert error.value.why.startswith("the server cannot be reached")


async def test_a_connection_that_breaks_in_a_call_leaves_the_effect_unknown() -> None:
    async def cut(_: HttpServer, request: web.Request, __: Message) -> web.StreamResponse:
        assert request.transport is not None
        request.transport.abort()
        return web.Response()

    async with serving(act=cut) as http, opened(at(http)) as servers:
        with pytest.raises(EffectUnknown, match="the connection"):
            await call(servers, "echo", text="x")


async def test_a_break_of_one_call_ends_no_other() -> None:
    began, goes_on = asyncio.Event(), asyncio.Event()

    async def act(_: HttpServer, request: web.Request, message: Message) -> None:
        if message["params"]["arguments"]["text"] == "cut":
            await began.wait()
            assert request.transport is not None
            request.transport.abort()
        else:
            began.set()
            await goes_on.wait()

    async with serving(act=act) as http, opened(at(http)) as servers:
        other = asyncio.create_task(call(servers, "echo", text="slow"))
        with pytest.raises(EffectUnknown):
            await call(servers, "echo", text="cut")
        goes_on.set()

        assert await other == "slow"


@pytest.mark.parametrize("code", [301, 302, 307, 308])
async def test_a_redirect_to_another_host_is_not_followed_with_the_headers(code: int) -> None:
    async with serving() as other:

        async def away(_: HttpServer, __: web.Request, ___: Message) -> web.StreamResponse:
            return web.Response(status=code, headers={"location": other.url})

        async with serving(act=away) as http, opened(at(http)) as servers:
            with pytest.raises(ToolError, match=r"Redirect to .* not followed"):
                await call(servers, "echo", text="x")

        assert other.requests == []


@pytest.mark.parametrize("events", [False, True])
async def test_a_result_of_100_megabytes_is_cut_with_a_mark(events: bool) -> None:
    async def act(server: HttpServer, request: web.Request, message: Message) -> web.StreamResponse:
        kind = "text/event-stream" if events else "application/json"
        response = web.StreamResponse(headers={"content-type": kind})
        await response.prepare(request)
        start = {"jsonrpc": "2.0", "id": message["id"], "result": {"content": [{"type": "text"}]}}
        head = json.dumps(start).removesuffix("}]}}") + ', "text": "'
        await response.write(("data: " if events else "").encode() + head.encode())
        for _ in range(100):
            await response.write(b"x" * 1_000_000)
        await response.write(b'"}]}}\n\n')
        return response

    async with serving(act=act) as http, opened(at(http)) as servers:
        told = await call(servers, "echo", text="x")
        http.act = None

        assert told.startswith("[The result has 100,000,")
        assert len(told) < 1_000_000
        assert await call(servers, "echo", text="alive") == "alive"


async def test_a_call_that_is_slow_times_out_and_is_cancelled_at_the_server() -> None:
    async with serving(act=never) as http, opened(at(http, call_timeout_seconds=0.3)) as servers:
        with pytest.raises(EffectUnknown, match=r"gave no result in 0.3 s"):
            await call(servers, "echo", text="x")
        http.act = None
        await call(servers, "echo", text="next")

        assert ("POST", "notifications/cancelled") in http.requests
