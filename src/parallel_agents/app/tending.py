"""Tending: the workspaces of the home, or those of the gateway that the environment names."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from parallel_agents.app.reading import open_reader
from parallel_agents.core.workspace_verbs import WorkspaceVerbs
from parallel_agents.settings import Environment, Settings


@asynccontextmanager
async def open_workspaces(
    environment: Environment, settings: Settings
) -> AsyncGenerator[WorkspaceVerbs]:
    """What can be done with workspaces, wherever they are.

    Raises:
        BadGateway, GatewayUnreachable, GatewayMismatch, NotAuthorized: the gateway cannot be asked.
    """
    if environment.gateway:
        from parallel_agents.app.distant import open_distant  # noqa: PLC0415 - few ask another machine

        async with open_distant(environment) as distant:
            yield distant.workspaces
        return
    # Few look at workspaces.
    from parallel_agents.app.tended_workspaces import TendedWorkspaces  # noqa: PLC0415

    async with open_reader(environment, settings) as reader:
        yield TendedWorkspaces(reader.sessions, environment.home, settings.workspace_seconds)
