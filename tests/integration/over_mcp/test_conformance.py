"""`pagents mcp --http` and the conformance kit of the protocol's authors.

The kit calls a server that has tools, prompts and resources of certain names. What ours offers passes;
what it does not offer is refused as the protocol has it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from aiohttp import ClientSession, web

if TYPE_CHECKING:
    from tests.integration.over_mcp.conftest import Place, Running

KIT, NODE = "@modelcontextprotocol/conformance@0.1.16", "node@22"
PASSES = {
    "server-initialize",
    "ping",
    "tools-list",
    "tools-call-simple-text",
    "tools-call-error",
    "dns-rebinding-protection",
}
NOT_OFFERED = ("completion", "logging", "prompts", "resources")
_OF_ONE_HOP = {"connection", "content-length", "host", "transfer-encoding"}


@asynccontextmanager
async def with_its_token(running: Running) -> AsyncGenerator[str]:
    """The address of a proxy that adds the token, which the kit cannot send."""
    origin = running.url.removesuffix("/mcp")

    async def hand_on(request: web.Request) -> web.StreamResponse:
        sent = {k: v for k, v in request.headers.items() if k.lower() not in _OF_ONE_HOP}
        if not request.host.startswith("127.0.0.1"):
            sent["Host"] = request.host
        body = await request.read()
        asked = client.request(
            request.method, origin + request.path, data=body, headers=sent | running.authorization
        )
        async with asked as answered:
            headers = {k: v for k, v in answered.headers.items() if k.lower() not in _OF_ONE_HOP}
            reply = web.StreamResponse(status=answered.status, headers=headers)
            await reply.prepare(request)
            async for piece in answered.content.iter_any():
                await reply.write(piece)
            await reply.write_eof()
            return reply

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", hand_on)
    runner = web.AppRunner(app, shutdown_timeout=0.1)
    async with ClientSession(auto_decompress=False) as client:
        await runner.setup()
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        port = runner.addresses[0][1]
        yield f"http://127.0.0.1:{port}/mcp"
        await runner.cleanup()


@pytest.mark.timeout(300)
async def test_what_the_server_offers_is_as_the_kit_wants_it(
    place: Place,
    from_npm: Callable[[str, str], Path],
    tmp_path: Path,
    pytestconfig: pytest.Config,
) -> None:
    if not pytestconfig.getoption("--long"):
        pytest.skip("it fetches a Node of its own: --long")
    node, kit = from_npm(NODE, "node"), from_npm(KIT, "conformance")
    out = tmp_path / "checks"

    async with with_its_token(place.start("--http", "0")) as url:
        process = await asyncio.create_subprocess_exec(
            *(kit, "server", "--url", url, "-o", out),
            env={**os.environ, "PATH": f"{node.parent}{os.pathsep}{os.environ['PATH']}"},
            stdout=asyncio.subprocess.DEVNULL,
        )
        await process.wait()

    checks = {
        folder.name.removeprefix("server-").partition("-20")[0]: json.loads(
            (folder / "checks.json").read_text()
        )
        for folder in out.iterdir()
    }
    passed = {
        name.removeprefix("server-")
        for name, made in checks.items()
        if {check["status"] for check in made} <= {"SUCCESS", "INFO"}
    }
    assert {name.removeprefix("server-") for name in PASSES} <= passed
    refused = [
        check["errorMessage"]
        for name, made in checks.items()
        if name.startswith(NOT_OFFERED)
        for check in made
        if check["status"] == "FAILURE"
    ]
    assert len(refused) > 10
    assert {text.removeprefix("Failed: ") for text in refused} == {
        "MCP error -32601: Method not found"
    }
