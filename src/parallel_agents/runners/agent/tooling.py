"""Tooling: the tools that the runs of a process may call, and the rules for their calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TypeAlias

from parallel_agents.core.command import Commands
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.permission import NO_PERMISSIONS, Permissions
from parallel_agents.core.sharing import Sharing
from parallel_agents.core.tool import Tool
from parallel_agents.core.tool_servers import NO_SERVERS, ToolServers
from parallel_agents.core.workspaces import AS_THEY_ARE, Workspaces
from parallel_agents.runners.agent.questions import PATIENCE, Patience

KeptEvent: TypeAlias = Callable[[SessionKey, str, str], Awaitable[Event | None]]
"""Finds an event by its session, the first digits of its run's id, and its key."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tooling:
    """The tools that the runs of a process may call.

    Attributes:
        tools: those that agents may name.
        session_tools: names of the tools that an agent gets if its policy lets it spawn.
        permissions: the process's own rules, above those of each session.
        workspaces: the folders that sessions work in.
        patience: how long questions wait for a person.
        commands: where commands of sessions run; None if this process runs none.
        command_tools: names of the tools that run commands.
        servers: the servers whose tools agents may name, too.
        sharing: what the sessions of a tree share; None for nothing.
        kept_event: finds an event of a session, to read what it keeps; None if nothing can be found.
    """

    tools: Mapping[str, Tool]
    session_tools: Collection[str] = ()
    permissions: Permissions = NO_PERMISSIONS
    patience: Patience = PATIENCE
    commands: Commands | None = None
    command_tools: Collection[str] = ()
    workspaces: Workspaces = AS_THEY_ARE
    sharing: Sharing | None = None
    servers: ToolServers = NO_SERVERS
    kept_event: KeptEvent | None = None
