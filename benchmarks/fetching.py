"""What fetch costs from loopback, beside a bare GET, and how long 100 at once block the event loop."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
from aiohttp import web

from benchmarks.sandboxed import Stalls
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.private_hosts import PrivateHosts
from parallel_agents.core.tool import ToolContext
from parallel_agents.tools.web.fetching import make
from parallel_agents.tools.web.means import WebMeans

_ROUNDS = 50
_AT_ONCE = 100
_PARAGRAPH = "<p>Steep green tea for <a href='/time'>three minutes</a>, just off the boil.</p>"
_PAGE = f"<title>Tea</title><nav>menu</nav><article>{_PARAGRAPH * 1200}</article>"  # 100 kB


async def cost_of_a_fetch(_: Path) -> dict[str, float]:
    """Milliseconds of a bare GET and of fetches, and of the longest stall of the loop."""

    async def page(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/html")

    async def text(_: web.Request) -> web.Response:
        return web.Response(text=_PAGE, content_type="text/plain")

    app = web.Application()
    app.add_routes([web.get("/page", page), web.get("/text", text)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    fetch = make(WebMeans(private_hosts=PrivateHosts.parse(["127.0.0.1"])))
    context = ToolContext(SessionKey("s"), RunId("r"))

    async def bare() -> None:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/page") as response:
            await response.read()

    async def fetched(path: str) -> None:
        await fetch.call({"url": f"{url}/{path}"}, context)

    figures = {
        "bare_ms": await _milliseconds(bare),
        "text_ms": await _milliseconds(lambda: fetched("text")),
        "page_ms": await _milliseconds(lambda: fetched("page")),
    }
    stalls = Stalls()
    async with asyncio.TaskGroup() as group:
        watching = group.create_task(stalls.watch())
        began = time.perf_counter()
        await asyncio.gather(*(fetched("page") for _ in range(_AT_ONCE)))
        figures["wall_s"] = time.perf_counter() - began
        watching.cancel()
    await runner.cleanup()
    return {**figures, "stall_ms": stalls.ms}


async def _milliseconds(work: Callable[[], Awaitable[None]]) -> float:
    await work()
    took: list[float] = []
    for _ in range(_ROUNDS):
        began = time.perf_counter()
        await work()
        took.append(time.perf_counter() - began)
    return statistics.median(took) * 1000
