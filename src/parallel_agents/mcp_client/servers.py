"""Servers: the MCP servers that a process knows, each connected once, when the first agent names it."""

from __future__ import annotations

import asyncio
import importlib.util
import logging
import os
import shutil
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from functools import cached_property, partial
from importlib import import_module
from math import inf
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import orjson
from typing_extensions import override

from parallel_agents.containment.warden import Warden
from parallel_agents.core.agent import Agent
from parallel_agents.core.command import Commands
from parallel_agents.core.json_value import JsonObject
from parallel_agents.core.mcp_names import ANY, is_mcp_name, offered_name, parse_mcp_name
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.needs import Lack
from parallel_agents.core.permission import Permissions
from parallel_agents.core.sandbox import Sandbox
from parallel_agents.core.session import Session
from parallel_agents.core.session_command import session_command
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.tool import Tool, ToolContext, ToolSpec
from parallel_agents.core.tool_servers import ToolServers
from parallel_agents.errors import ConfigError, MissingExtra, SandboxRefused, ToolUnavailable
from parallel_agents.extras import install_line
from parallel_agents.mcp_client.listing import Listing, ServedTool
from parallel_agents.mcp_client.mcp_json import McpJson
from parallel_agents.mcp_client.references import Resolved, looked_up, resolve

if TYPE_CHECKING:
    from parallel_agents.mcp_client.child import Launch
    from parallel_agents.mcp_client.connection import Connection
    from parallel_agents.mcp_client.http import FindRoute
    from parallel_agents.mcp_client.link import Link

Launching: TypeAlias = "Callable[[Resolved], AbstractAsyncContextManager[Launch]]"

_log = logging.getLogger(__name__)
_MOST_OFFERED = 128  # of one server to one agent, by a pattern: providers take no more


@dataclass(frozen=True, slots=True, kw_only=True)
class McpSurroundings:
    """What the servers of a process have around them.

    Attributes:
        servers: the user's and the project's own entries, by name.
        project: those of the project's `.mcp.json`, which the former override.
        untrusted: a `.mcp.json` that is there and has no effect; empty for none.
        variables: the environment of the process.
        folder: where servers work that do not say where; empty for the folder of the process.
        find_route: how addresses are reached.
        commands: where a server runs that a session has for itself, in a sandbox; None for nowhere.
        find_variables: looks up the variables of a profile.
        warden: ends the servers if this process is killed; it is closed after them.
    """

    servers: Mapping[str, McpServer] = field(default_factory=dict[str, McpServer])
    project: McpJson = field(default_factory=McpJson)
    untrusted: str = ""
    variables: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    folder: str = ""
    find_route: FindRoute | None = None
    commands: Commands | None = None
    find_variables: Callable[[str], Awaitable[Mapping[str, str]]] | None = None
    warden: Warden = field(default_factory=Warden)


class McpServers(ToolServers):
    """The MCP servers of a process."""

    def __init__(self, around: McpSurroundings) -> None:
        self._around = around
        self._connections: dict[tuple[bytes, str], Connection] = {}

    @cached_property
    def known(self) -> Mapping[str, McpServer]:
        """The servers that every agent may name."""
        return {**self._around.project.servers, **self._around.servers}

    @override
    def lack(self, agent: Agent) -> Lack | None:
        named = dict.fromkeys(
            parse_mcp_name(name).server for name in agent.tools if is_mcp_name(name)
        )
        if not named:
            return None
        for name in named:
            try:
                self.check(self._find(agent, name))
            except ConfigError as error:
                return Lack(error.message, error.why or f"{agent.name} names it", error.hint)
        return None

    def check(self, server: McpServer) -> None:
        """Refuse a server that cannot be started here; it is not started.

        Raises:
            MissingKey: a variable that its entry names is not set.
            MissingExtra: the client is not installed.
            ConfigError: its command does not exist.
        """
        resolved = resolve(server, self._around.variables.get)
        if importlib.util.find_spec("mcp") is None:
            raise MissingExtra(
                "the client for MCP servers is not installed",
                why=f"the tools of {server.name} need it",
                hint=install_line("pagents[mcp]"),
            )
        if resolved.command and (why := self._why_not_found(resolved)):
            raise ConfigError(
                f"the MCP server {server.name} cannot be started",
                why=why,
                hint="install the program, or correct the command of its entry",
            )

    def _folder_of(self, resolved: Resolved) -> str:
        """Where a server works; empty for the folder of this process."""
        own, around = resolved.folder, self._around.folder
        return str(Path(around, Path(own).expanduser())) if own else around

    def _why_not_found(self, resolved: Resolved) -> str:
        """Why its command cannot be started; empty if it can."""
        folder = self._folder_of(resolved)
        if folder and not Path(folder).is_dir():
            return f"there is no folder {folder} to run it in"
        program, path = resolved.command[0], resolved.env.get("PATH") or self._path
        here = Path(folder).absolute()
        if os.sep in program:
            return "" if shutil.which(str(here / program)) else f"there is no program {program}"
        entries = os.pathsep.join(str(here / entry) for entry in path.split(os.pathsep))
        return (
            "" if shutil.which(program, path=entries) else f"there is no program {program} on PATH"
        )

    @property
    def _path(self) -> str:
        return self._around.variables.get("PATH") or os.defpath

    @override
    @asynccontextmanager
    async def open(
        self, agent: Agent, session: Session, rules: Permissions
    ) -> AsyncGenerator[Mapping[str, Mapping[str, Tool]]]:
        named = [name for name in dict.fromkeys(agent.tools) if is_mcp_name(name)]
        servers = {
            name: self._find(agent, name)
            for name in dict.fromkeys(parse_mcp_name(name).server for name in named)
        }
        async with AsyncExitStack() as own:
            connections: list[Connection] = []
            for server in servers.values():
                if server.command and session.options.sandbox is Sandbox.REQUIRE:
                    connection = await self._connect(server, self._inside(server, session, rules))
                    own.push_async_callback(connection.aclose)
                else:
                    connection = await self.connection(server, agent.profile)
                connections.append(connection)
            listings = await asyncio.gather(*(each.listing() for each in connections))
            offers = dict(zip(servers, zip(connections, listings, strict=True), strict=True))
            yield {
                name: dict(_tools_of(agent, name, *offers[parse_mcp_name(name).server]))
                for name in named
            }

    def _inside(self, server: McpServer, session: Session, rules: Permissions) -> Launching:
        """How a server is started in a sandbox, in the folder of a session.

        Raises:
            SandboxRefused: it cannot be.
        """
        commands = self._around.commands
        if server.cwd or commands is None:
            raise SandboxRefused(
                f"the MCP server {server.name} cannot run in a sandbox",
                why="its entry has a cwd, and in a sandbox it works in the folder of its session"
                if server.cwd
                else "this process runs no commands",
                hint="leave the cwd out, use a server with a url, or do not require a sandbox",
            )

        @asynccontextmanager
        async def launch(resolved: Resolved) -> AsyncGenerator[Launch]:
            from parallel_agents.mcp_client.child import Launch  # noqa: PLC0415 - an extra

            command = session_command(
                session, rules, resolved.command, sandbox=Sandbox.REQUIRE, timeout_seconds=inf
            )
            async with commands.standing(command, resolved.env) as standing:
                yield Launch(standing.arguments, {}, descriptors=standing.descriptors)

        return launch

    @asynccontextmanager
    async def _outside(self, profile: str, resolved: Resolved) -> AsyncGenerator[Launch]:
        """How a server is started that sessions share, with the rights of the user."""
        from parallel_agents.mcp_client.child import Launch, environment_of  # noqa: PLC0415 - as above

        find = self._around.find_variables
        given: Mapping[str, str] = await find(profile) if profile and find is not None else {}
        environment = environment_of(self._around.variables, {**given, **resolved.env})
        yield Launch(resolved.command, environment, self._folder_of(resolved))

    async def connection(self, server: McpServer, profile: str = "") -> Connection:
        """The one connection to a server by this entry, for agents of this profile.

        Raises:
            MissingExtra: the client is not installed.
        """
        key = orjson.dumps(server), "" if server.url else profile
        if key not in self._connections:
            made = await self._connect(server, partial(self._outside, profile))
            self._connections.setdefault(key, made)
        return self._connections[key]

    async def _connect(self, server: McpServer, launching: Launching) -> Connection:
        """A connection to a server, which is started with its first use.

        Raises:
            MissingExtra: the client is not installed.
        """
        # An extra, and heavy: it is loaded with the first agent that needs it, beside the loop.
        try:
            for part in _parts(server):
                await asyncio.to_thread(import_module, f"parallel_agents.mcp_client.{part}")
            from parallel_agents.mcp_client.connection import Connection  # noqa: PLC0415
        except ModuleNotFoundError as error:
            raise MissingExtra(
                "the client for MCP servers is not installed",
                why=str(error),
                hint=install_line("pagents[mcp]"),
            ) from error
        return Connection(server, lambda: self._open(server, launching))

    async def aclose(self) -> None:
        """End all servers, at the same time."""
        await asyncio.gather(*(each.aclose() for each in self._connections.values()))
        await self._around.warden.aclose()

    async def _open(self, server: McpServer, launching: Launching) -> Link:
        """The way to a server, with the secrets that its entry refers to.

        Raises:
            ConfigError: one cannot be looked up.
        """
        resolved = await looked_up(server, self._around.variables.get)
        if server.url:
            from parallel_agents.mcp_client.http import HttpLink, Route  # noqa: PLC0415 - heavy

            return HttpLink(resolved, self._around.find_route or (lambda _: Route()))
        from parallel_agents.mcp_client.stdio import StdioLink  # noqa: PLC0415 - as above

        return StdioLink(launching(resolved), self._around.warden)

    def _find(self, agent: Agent, name: str) -> McpServer:
        """The server that an agent means by a name.

        Raises:
            ConfigError: there is none, or it cannot be used.
        """
        own = {server.name: server for server in agent.mcp_servers}
        if (server := own.get(name) or self.known.get(name)) is not None:
            return server
        problems = self._around.project.problems
        if (problem := problems.get(name) or problems.get("")) is not None:
            raise problem
        untrusted = self._around.untrusted
        hint = (
            f"run `pagents trust`: {untrusted} has no effect until you trust it"
            if untrusted
            else did_you_mean(name, {*own, *self.known}, "`pagents mcp list` shows all")
        )
        raise ConfigError(
            f"there is no MCP server {name!r}",
            why=f"{agent.name} names tools of it",
            hint=hint,
        )


def _parts(server: McpServer) -> tuple[str, ...]:
    """The modules that a connection to a server is made of."""
    return ("connection", "http" if server.url else "stdio")


class McpTool(Tool):
    """A tool of a server."""

    def __init__(self, served: ServedTool, connection: Connection) -> None:
        self._served = served
        self._connection = connection

    @property
    @override
    def spec(self) -> ToolSpec:
        return self._served.spec

    @override
    async def call(self, arguments: JsonObject, context: ToolContext) -> str:
        return await self._connection.call(self._served, arguments)


def _tools_of(
    agent: Agent, name: str, connection: Connection, listing: Listing
) -> Iterator[tuple[str, Tool]]:
    """The tools that a name in an agent's list stands for.

    Raises:
        ToolUnavailable: the server has no such tool.
    """
    server, tool = parse_mcp_name(name)
    if tool == ANY:
        served = list(listing.tools.values())
        if len(served) > _MOST_OFFERED:
            _log.warning(
                "the MCP server %s has %d tools, of which %s is offered the first %d; name those "
                "that it needs, or set enabled_tools",
                *(server, len(served), agent.name, _MOST_OFFERED),
            )
            served = served[:_MOST_OFFERED]
    else:
        wanted = name if name in listing.tools else offered_name(server, tool)
        if wanted not in listing.tools:
            raise _no_tool(agent, name, listing)
        served = [listing.tools[wanted]]
    yield from ((each.spec.name, McpTool(each, connection)) for each in served)


def _no_tool(agent: Agent, name: str, listing: Listing) -> ToolUnavailable:
    tool = parse_mcp_name(name).tool
    left_out = [problem for problem in listing.problems if repr(tool) in problem]
    return ToolUnavailable(
        f"there is no tool {name!r}",
        why=left_out[0] if left_out else f"{agent.name} names it, and its server does not offer it",
        hint=did_you_mean(name, listing.tools),
    )
