"""What the tests of MCP servers share: entries for the program beside this file, and agents."""

from __future__ import annotations

import os
import sys
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from parallel_agents.core.agent import Agent
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.permission import NO_PERMISSIONS
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.session import Session, SessionOptions
from parallel_agents.core.tool import Tool, ToolContext
from parallel_agents.mcp_client.servers import McpServers, McpSurroundings

PROGRAM = Path(__file__).with_name("program.py")
CONTEXT = ToolContext(SessionKey("s"), RunId("r"))
VARIABLES = {
    "PATH": os.environ["PATH"],
    "HOME": os.environ.get("HOME", "/"),
    "SECRET": "s3cr3t-v4lue",
}


def entry(mode: str, *rest: str, name: str = "one", **fields: Any) -> McpServer:
    """A server that does what `mode` says."""
    program = (sys.executable, "-I", "-S")
    command, *args = (*program, str(PROGRAM), mode, *rest)
    return McpServer(name=name, command=command, args=tuple(args), **fields)


def agent(*tools: str, servers: tuple[McpServer, ...] = ()) -> Agent:
    return Agent(
        name="caller",
        description="Calls.",
        instructions="Call.",
        tools=tools or ("mcp__one",),
        mcp_servers=servers,
    )


@asynccontextmanager
async def opened(
    *servers: McpServer, variables: Mapping[str, str] = VARIABLES
) -> AsyncGenerator[McpServers]:
    """The servers of a process; all have ended when the block is left."""
    known = McpServers(
        McpSurroundings(servers={each.name: each for each in servers}, variables=variables)
    )
    try:
        yield known
    finally:
        await known.aclose()


async def offered(
    servers: McpServers, who: Agent, sandbox: Sandbox = Sandbox.INHERIT
) -> Mapping[str, Mapping[str, Tool]]:
    """What an agent is offered for each of its names; shared servers run on."""
    key, options = SessionKey("s"), SessionOptions(sandbox=sandbox)
    session = Session(key=key, agent=who, label=who.name, spawn_key="s", root=key, options=options)
    async with servers.open(who, session, NO_PERMISSIONS) as tools:
        return tools


async def tools_of(servers: McpServers, *names: str) -> dict[str, Tool]:
    """The tools behind the names in an agent's list."""
    found = await offered(servers, agent(*names))
    return {name: tool for tools in found.values() for name, tool in tools.items()}


async def call(servers: McpServers, tool: str, /, **arguments: object) -> str:
    """What a tool of the server `one` returns."""
    return await call_of(servers, f"mcp__one__{tool}", arguments)


async def call_of(servers: McpServers, name: str, arguments: Mapping[str, Any]) -> str:
    tools = await tools_of(servers, name)
    return await tools[name].call(arguments, CONTEXT)
