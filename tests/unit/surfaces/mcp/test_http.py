"""HTTP: a client that takes nothing is cut off, whatever the SDK would do."""

from __future__ import annotations

import asyncio

import pytest
from mcp.server.transport_security import TransportSecuritySettings
from starlette.types import Message

from parallel_agents.core.schema import JsonObject
from parallel_agents.surfaces.mcp.http import PATH, opened
from parallel_agents.surfaces.mcp.server import make_server

UNCHECKED = TransportSecuritySettings(enable_dns_rebinding_protection=False)


async def answer(_: str, __: JsonObject) -> JsonObject:
    return {}


async def test_a_client_that_takes_no_answer_is_cut_off_after_half_a_minute() -> None:
    loop = asyncio.get_running_loop()
    begun = loop.time()
    body = b'{"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}'

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(_: Message) -> None:
        await loop.create_future()

    scope = {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", b"text/plain")],
    }
    server = make_server(answer, asyncio.Event(), {"tools": []})
    async with opened(server, UNCHECKED) as app:
        with pytest.raises(TimeoutError):
            await app(scope, receive, send)

    assert loop.time() - begun == pytest.approx(30)
