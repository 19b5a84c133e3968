"""Tooling: the tools that the runs of a process may call, of all that the process has."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.app.parts import Parts
from parallel_agents.app.web import web_means
from parallel_agents.core.command import Commands
from parallel_agents.core.store import Store
from parallel_agents.core.tool import Tool
from parallel_agents.core.tool_servers import ToolServers
from parallel_agents.core.workspaces import Workspaces
from parallel_agents.runners.agent.questions import Patience
from parallel_agents.runners.agent.tooling import Tooling
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.sessions.sharing import Sharing
from parallel_agents.settings import Environment, Settings
from parallel_agents.tools.box import COMMAND_TOOLS, Box
from parallel_agents.tools.contained import ContainedTool


def make_tooling(  # noqa: PLR0913 - all that tools are made of
    environment: Environment,
    settings: Settings,
    parts: Parts,
    *,
    session_tools: Mapping[str, Tool],
    patience: Patience,
    commands: Commands,
    workspaces: Workspaces,
    sharing: Sharing,
    servers: ToolServers,
    store: Store,
) -> Tooling:
    """The tools of a process: those of the box, of sessions, and of the program that it is part of."""
    own = {name: ContainedTool(tool) for name, tool in parts.tools.items()}
    return Tooling(
        tools=Box({**session_tools, **own}, web_means(environment, settings)),
        session_tools=NAMES,
        permissions=settings.permission_layer,
        patience=patience,
        commands=commands,
        command_tools=COMMAND_TOOLS,
        workspaces=workspaces,
        sharing=sharing,
        servers=servers,
        kept_event=store.kept_event,
    )
