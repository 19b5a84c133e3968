"""Tool servers: the source of tools that an agent names and that no process has by itself."""

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
        """The tools of servers for a run, by the names that stand for them in the agent.

        The servers are started if they do not run. A session that requires a sandbox gets its own
        processes of the servers that are commands; they run in its folder until the end of the
        block.

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
