"""200 calls at once over one MCP server, and what a call costs; the server is one of the `mcp` package."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.permission import NO_PERMISSIONS
from parallel_agents.core.session import Session
from parallel_agents.core.tool import Tool, ToolContext
from parallel_agents.engines.process import calmer_collector
from parallel_agents.mcp_client.servers import McpServers, McpSurroundings

_AT_ONCE = 200
_CONTEXT = ToolContext(SessionKey("s"), RunId("r"))
_SERVER = """
import asyncio
from mcp.server.mcpserver import MCPServer

server = MCPServer("bench")


@server.tool()
async def wait(seconds: float) -> str:
    await asyncio.sleep(seconds)
    return "x" * 500


server.run()
"""


class _Rounds:
    """The longest round of the event loop: the CPU time that it took, whoever else uses the cores."""

    ms = 0.0

    async def watch(self) -> None:
        while True:
            began = time.thread_time()
            await asyncio.sleep(0)
            self.ms = max(self.ms, (time.thread_time() - began) * 1000)


async def _at_once(tool: Tool, seconds: float) -> tuple[float, float]:
    """Wall and CPU seconds of 200 calls at once."""
    began, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(tool.call({"seconds": seconds}, _CONTEXT) for _ in range(_AT_ONCE)))
    return time.perf_counter() - began, time.process_time() - cpu


async def measure() -> dict[str, float]:
    server = McpServer(name="bench", command=sys.executable, args=("-c", _SERVER))
    servers = McpServers(McpSurroundings(servers={"bench": server}, variables=os.environ))
    agent = Agent(name="a", description="d", instructions="i", tools=("mcp__bench__wait",))
    key = SessionKey("s")
    session = Session(key=key, agent=agent, label="s", spawn_key="s", root=key)
    try:
        began = time.perf_counter()
        async with servers.open(agent, session, NO_PERMISSIONS) as found:
            tools = found["mcp__bench__wait"]
        started = time.perf_counter() - began
        tool = tools["mcp__bench__wait"]
        await _at_once(tool, 0)
        _, cpu = await _at_once(tool, 0)
        rounds = _Rounds()
        with calmer_collector(_AT_ONCE):
            watching = asyncio.create_task(rounds.watch())
            wall, _ = await _at_once(tool, 1)
            watching.cancel()
    finally:
        await servers.aclose()
    return {
        "start_s": started,
        "cpu_ms": cpu * 1000 / _AT_ONCE,
        "wall_s": wall,
        "round_ms": rounds.ms,
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure())))
