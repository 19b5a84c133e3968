"""HTTP: a client that takes nothing is cut off, whatever the SDK would do."""

from __future__ import annotations

import asyncio

import orjson
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

    async with opened(make_server(answer, asyncio.Event(), {"tools": []}), UNCHECKED) as app:
        with pytest.raises(TimeoutError):
            await app(post_of("application/json"), receive, send)

    assert loop.time() - begun == pytest.approx(30)


@pytest.mark.parametrize("content_type", ["", "text/plain", "application/jsonp"])
async def test_what_is_not_json_is_refused_in_json(content_type: str) -> None:
    told: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        told.append(message)

    async with opened(make_server(answer, asyncio.Event(), {"tools": []}), UNCHECKED) as app:
        await app(post_of(content_type), receive, send)

    assert told[0]["status"] == 415
    assert orjson.loads(told[1]["body"])["error"]["code"] == -32600


def post_of(content_type: str) -> dict[str, object]:
    return {
        "type": "http",
        "method": "POST",
        "path": PATH,
        "raw_path": PATH.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [(b"content-type", content_type.encode())],
    }
