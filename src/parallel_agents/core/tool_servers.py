"""Tool servers: where the tools of agents come from that no process has by itself."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Protocol

from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.needs import Lack
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.tool import Tool


class ToolServers(Protocol):
    """The servers whose tools agents may name as `mcp__SERVER__TOOL`."""

    def lack(self, agent: Agent) -> Lack | None:
        """What is missing here of the servers that an agent names; nothing is started for it."""
        ...

    async def tools(self, agent: Agent, sandbox: Sandbox) -> Mapping[str, Mapping[str, Tool]]:
        """The tools behind each of an agent's names that stands for tools of servers.

        The servers are started if they do not run.

        Raises:
            McpServerFailed: a server cannot be used.
            ToolUnavailable: it has no tool of that name.
            SandboxRefused: the session requires a sandbox, and the server is a command.
        """
        ...


class NoServers(ToolServers):
    """A process that knows no servers."""

    @override
    def lack(self, agent: Agent) -> Lack | None:
        return None

    @override
    async def tools(self, agent: Agent, sandbox: Sandbox) -> Mapping[str, Mapping[str, Tool]]:
        return MappingProxyType({})


NO_SERVERS = NoServers()
