"""Tool servers: where the tools of agents come from that no process has by itself."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager, nullcontext
from types import MappingProxyType
from typing import Protocol, TypeAlias

from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.needs import Lack
from parallel_agents.core.permission import Permissions
from parallel_agents.core.session import Session
from parallel_agents.core.tool import Tool

OpenTools: TypeAlias = AbstractAsyncContextManager[Mapping[str, Mapping[str, Tool]]]


class ToolServers(Protocol):
    """The servers whose tools agents may name as `mcp__SERVER__TOOL`."""

    def lack(self, agent: Agent) -> Lack | None:
        """What this process lacks for the servers that an agent names; nothing is started."""
        ...

    def open(self, agent: Agent, session: Session, rules: Permissions) -> OpenTools:
        """The tools of servers for a run, by the agent's names that stand for them.

        Servers that are not running are started. If the session requires a sandbox, those that are
        commands are started for it alone, in its folder, and end with the block.

        Args:
            agent: the agent.
            session: the session that calls the tools.
            rules: the permissions of the process, above those of the session.

        Raises:
            McpServerFailed: a server cannot be used.
            ToolUnavailable: it has no tool of that name.
            SandboxMissing, SandboxRefused: the session requires a sandbox, and the server cannot run in
                one here.
        """
        ...


class NoServers(ToolServers):
    """A process that knows no servers."""

    @override
    def lack(self, agent: Agent) -> Lack | None:
        return None

    @override
    def open(self, agent: Agent, session: Session, rules: Permissions) -> OpenTools:
        return nullcontext(MappingProxyType({}))


NO_SERVERS = NoServers()
