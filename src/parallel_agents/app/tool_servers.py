"""Tool servers: the MCP servers of a process, which load nothing until an agent names one."""

from __future__ import annotations

from collections.abc import Collection
from functools import cached_property
from typing import TYPE_CHECKING

from typing_extensions import override

from parallel_agents.app.profiles import Profiles
from parallel_agents.containment.warden import Warden
from parallel_agents.core.agent import Agent
from parallel_agents.core.command import Commands
from parallel_agents.core.mcp_names import is_mcp_name
from parallel_agents.core.mcp_server import read_server
from parallel_agents.core.needs import Lack
from parallel_agents.core.permission import Permissions
from parallel_agents.core.session import Session
from parallel_agents.core.tool_servers import OpenTools, ToolServers
from parallel_agents.settings import Environment, Settings
from parallel_agents.trust import MCP_NAME

if TYPE_CHECKING:
    from parallel_agents.mcp_client.http import Route
    from parallel_agents.mcp_client.mcp_json import McpJson
    from parallel_agents.mcp_client.servers import McpServers


class HomeServers(ToolServers):
    """The servers of the settings and of the project's `.mcp.json`.

    Args:
        environment: the user's.
        settings: the settings.
        commands: where servers run that a session has for itself, in a sandbox; None for nowhere.
        warden: ends the servers if this process is killed; None for one of their own.
    """

    def __init__(
        self,
        environment: Environment,
        settings: Settings,
        commands: Commands | None = None,
        warden: Warden | None = None,
    ) -> None:
        self._environment = environment
        self._settings = settings
        self._commands = commands
        self._warden = warden or Warden()
        self._loaded: McpServers | None = None

    @property
    def names(self) -> Collection[str]:
        """The names of the servers that every agent may name."""
        return {*self._settings.mcp_servers, *self.project.servers}

    @property
    def servers(self) -> McpServers:
        """The servers, loaded with the first use."""
        if self._loaded is None:
            self._loaded = self._load()
        return self._loaded

    @override
    def lack(self, agent: Agent) -> Lack | None:
        return self.servers.lack(agent) if any(map(is_mcp_name, agent.tools)) else None

    @override
    def open(self, agent: Agent, session: Session, rules: Permissions) -> OpenTools:
        return self.servers.open(agent, session, rules)

    async def aclose(self) -> None:
        """End the servers that were started."""
        if self._loaded is not None:
            await self._loaded.aclose()

    @cached_property
    def project(self) -> McpJson:
        """What the project's `.mcp.json` defines, in the form that the user has trusted."""
        from parallel_agents.mcp_client.mcp_json import McpJson, read_mcp_json  # noqa: PLC0415

        trusted = self._environment.trusted
        if trusted is None or MCP_NAME not in trusted.files:
            return McpJson()
        return read_mcp_json(trusted.files[MCP_NAME], str(trusted.folder.parent / MCP_NAME))

    def _load(self) -> McpServers:
        # Few agents name tools of servers, and no other process needs any of this.
        from parallel_agents.mcp_client.servers import (  # noqa: PLC0415 - as above
            McpServers,
            McpSurroundings,
        )

        environment, untrusted = self._environment, self._environment.untrusted_servers
        return McpServers(
            McpSurroundings(
                servers={
                    name: read_server(name, table)
                    for name, table in self._settings.mcp_servers.items()
                },
                project=self.project,
                untrusted="" if untrusted is None else str(untrusted),
                variables=environment.variables,
                folder="" if environment.project is None else str(environment.project.parent),
                find_route=self._find_route,
                commands=self._commands,
                find_variables=Profiles(environment, self._settings).variables,
                warden=self._warden,
            )
        )

    def _find_route(self, url: str) -> Route:
        from parallel_agents.mcp_client.http import Route  # noqa: PLC0415 - an extra
        from parallel_agents.models.certificates import make_context  # noqa: PLC0415 - as above
        from parallel_agents.models.network import Network  # noqa: PLC0415 - as above

        variables = self._environment.variables
        proxy = Network(variables).proxy_for(url)
        return Route(None if proxy is None else str(proxy.url), make_context(variables))
