"""MCP face: the SDK's client calls the tools of `pagents mcp` at the gateway."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import orjson
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared._httpx_utils import create_mcp_http_client
from mcp_types import TextContent

from parallel_agents.surfaces.mcp.offers import ANNOTATIONS, READS

if TYPE_CHECKING:
    from tests.integration.gateway.conftest import Served, Serving

TASK = {"agentId": "greeter", "task": "Say hello", "model": "sim/calm"}


@asynccontextmanager
async def connected(served: Served, token: str) -> AsyncGenerator[Client]:
    headers = {"Authorization": f"Bearer {token}"}
    async with create_mcp_http_client(headers=headers) as http:
        transport = streamable_http_client(f"{served.url}/mcp/", http_client=http)
        async with Client(transport) as client:
            yield client


async def call(client: Client, name: str, **arguments: object) -> dict[str, Any]:
    result = await client.call_tool(name, arguments)
    (content,) = result.content
    assert isinstance(content, TextContent)
    return {**orjson.loads(content.text), "is_error": result.is_error}


async def test_a_client_spawns_and_waits_and_one_that_only_reads_sees_what_came_of_it(
    serving: Serving,
) -> None:
    async with serving() as served, served.worker():
        served.add_greeter()
        async with connected(served, served.tokens.operate) as client:
            names = {tool.name for tool in (await client.list_tools()).tools}
            spawned = await call(client, "sessions_spawn", **TASK)
            waited = await call(client, "agents_wait", ids=[spawned["runId"]])
        async with connected(served, served.tokens.read) as client:
            reading = {tool.name for tool in (await client.list_tools()).tools}
            listed = await call(client, "sessions_list")
            refused = await call(client, "sessions_spawn", **TASK)
            unknown = await call(client, "no_such_tool")

    assert {"sessions_spawn", "team_run", "subagents"} <= names
    assert waited["is_error"] is False
    assert {name for name, kind in ANNOTATIONS.items() if kind == READS} <= reading
    assert not reading & {
        "sessions_spawn",
        "sessions_send",
        "subagents",
        "team_run",
        "dead_letters",
    }
    assert spawned["childSessionKey"] in str(listed)
    assert (refused["is_error"], refused["code"]) == (True, "PA-E384")
    assert unknown["is_error"] is True


@pytest.mark.parametrize(("method", "path"), [("GET", "/mcp"), ("DELETE", "/mcp/")])
async def test_what_needs_a_session_is_refused_at_once(
    serving: Serving, method: str, path: str
) -> None:
    async with serving() as served, asyncio.timeout(20):
        sse = {"Accept": "text/event-stream"}
        async with served.http.request(method, path, headers=sse) as answer:
            found = answer.status, answer.headers["allow"], orjson.loads(await answer.read())

    assert found[:2] == (405, "POST")
    assert found[2]["error"]["code"] == -32600


async def test_the_guard_is_before_mcp_too(serving: Serving) -> None:
    body: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    headers = {"Accept": "application/json, text/event-stream"}
    async with serving() as served:
        statuses: list[int] = []
        for more in (
            {"Authorization": ""},
            {"Origin": "https://evil.example"},
            {"Host": "evil.example"},
            {"Content-Type": "text/plain"},
        ):
            async with served.http.post("/mcp", json=body, headers={**headers, **more}) as answer:
                statuses.append(answer.status)
        for odd in (b"{", b"[]", b"null", b"\xff", b'{"jsonrpc": "2.0", "id": 1, "method": 5}'):
            kind = {**headers, "Content-Type": "application/json"}
            async with served.http.post("/mcp", data=odd, headers=kind) as answer:
                statuses.append(answer.status)
        sent = {**headers, "Content-Type": "application/json", "Content-Length": "17000000"}
        async with served.http.post("/mcp", data=b"", headers=sent) as answer:
            statuses.append(answer.status)

    assert statuses == [401, 403, 421, 415, 400, 400, 400, 400, 400, 413]
