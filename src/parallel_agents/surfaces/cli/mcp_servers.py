"""`pagents mcp list` and `check`: the MCP servers whose tools agents may name."""

from __future__ import annotations

import asyncio
import shlex
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import NamedTuple

import typer

from parallel_agents.app.tool_servers import HomeServers
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.mcp_server import McpServer
from parallel_agents.core.schema import Json
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.tool import Access
from parallel_agents.errors import ConfigError, NotFound, PagentsError
from parallel_agents.interrupts import run_cancellable
from parallel_agents.mcp_client.listing import Listing
from parallel_agents.mcp_client.servers import McpServers
from parallel_agents.secrets.addresses import open_url
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext, find_offers
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.trust import MCP_NAME

_NONE_DEFINED = "none is defined: `pagents docs mcp-servers` says how to define one"


class _Known(NamedTuple):
    """A server that is defined, or why it cannot be used, and where it is from."""

    name: str
    source: str
    server: McpServer | None
    problem: PagentsError | None = None
    note: str = ""


class _Checked(NamedTuple):
    """What a server offers, or why it cannot be used."""

    known: _Known
    listing: Listing | None
    problem: PagentsError | None
    seconds: float


def list_servers(home: Path | None, form: Form | None) -> None:
    """List the MCP servers of the configuration, the project and its agents. None is started."""
    context = find_offers(home)
    known = [*_known(context)]
    if form is Form.JSON:
        render.envelope("mcp_servers", time.time(), [_known_json(each) for each in known])
        return
    if rows := [(each.name, _how(each.server), each.source, _state(each)) for each in known]:
        print_list(form, ("SERVER", "HOW", "FROM", "STATE"), rows)
    for each in known:
        if each.problem is not None:
            render.error(each.problem)
    _tell_untrusted(context)
    render.note(f"{len(known)} servers. What they offer: pagents mcp check")


def check_servers(names: Sequence[str], home: Path | None, *, is_json: bool) -> None:
    """Start each MCP server, and show its tools by the names that agents use, and what is wrong."""
    context = find_offers(home)
    known = [*_known(context)]
    chosen = _chosen(known, names, context.environment.untrusted_servers)
    checked = run_cancellable(_check(context, chosen))
    if is_json:
        render.envelope("mcp_check", time.time(), [_checked_json(each) for each in checked])
    else:
        for each in checked:
            _show(each)
        _tell_untrusted(context)
        if not known:
            render.note("No server is configured; `pagents docs mcp-servers` shows how.")
    if any(each.problem for each in checked):
        raise typer.Exit(Exit.FAILED)


def _known(context: CliContext) -> Iterator[_Known]:
    """Every server that some agent may name, each with its own source."""
    servers = HomeServers(context.environment, context.settings)
    loaded, project = servers.servers, servers.project
    file = "" if context.environment.trusted is None else MCP_NAME
    for name, server in loaded.known.items():
        is_own = name in context.settings.mcp_servers
        source = "config.toml" if is_own else file
        note = "" if is_own else project.notes.get(name, "")
        yield _Known(name, source, server, _fault(loaded, server), note)
    yield from (_Known(name, file, None, problem) for name, problem in project.problems.items())
    yield from (
        _Known(name, file, None, None, note)
        for name, note in project.notes.items()
        if name not in project.servers
    )
    catalog = Catalog(context.environment.folders, context.environment.accept)
    for entry in catalog.agents():
        if isinstance(entry.content, Agent):
            for server in entry.content.mcp_servers:
                source = f"agent {entry.name}"
                yield _Known(server.name, source, server, _fault(loaded, server))


def _fault(servers: McpServers, server: McpServer) -> PagentsError | None:
    try:
        servers.check(server)
    except ConfigError as error:
        return error
    return None


def _chosen(known: Sequence[_Known], names: Sequence[str], untrusted: Path | None) -> list[_Known]:
    """The servers of these names, or all.

    Args:
        known: all servers.
        names: those that are wanted; none for all.
        untrusted: a file with servers that has no effect.

    Raises:
        NotFound: there is none of a name.
    """
    all_names = {each.name for each in known}
    for name in names:
        if name not in all_names:
            trust = untrusted and f"run `pagents trust`: {untrusted} has no effect until then"
            hint = trust or (did_you_mean(name, all_names) if all_names else _NONE_DEFINED)
            raise NotFound(f"there is no MCP server {name!r}", hint=hint)
    return [each for each in known if not names or each.name in names]


async def _check(context: CliContext, known: Sequence[_Known]) -> list[_Checked]:
    async with aclosing(HomeServers(context.environment, context.settings)) as servers:
        return await asyncio.gather(*(_try(servers.servers, each) for each in known))


async def _try(servers: McpServers, known: _Known) -> _Checked:
    began = time.monotonic()
    if known.server is None or known.problem is not None:
        return _Checked(known, None, known.problem, 0.0)
    try:
        listing = await (await servers.connection(known.server)).listing()
    except PagentsError as error:
        return _Checked(known, None, error, time.monotonic() - began)
    return _Checked(known, listing, None, time.monotonic() - began)


def _show(checked: _Checked) -> None:
    known, listing = checked.known, checked.listing
    if listing is None:
        state = _state(known) if checked.problem is None else "cannot be used"
        render.line(f"{known.name}  {state}", "bold")
        if checked.problem is not None:
            render.error(checked.problem)
        return
    count = len(listing.tools)
    tools = "1 tool" if count == 1 else f"{count} tools"
    render.line(f"{known.name}  {tools}, {checked.seconds:.1f} s", "bold")
    for tool in listing.tools.values():
        access = "  reads" if tool.spec.access is Access.READ else ""
        render.line(
            f"  {tool.spec.name}{access}  {tool.spec.description.partition(chr(10))[0]:.90}"
        )
    for problem in (*listing.problems, *filter(None, (known.note,))):
        render.line(f"  ! {problem}", "yellow")


def _how(server: McpServer | None) -> str:
    if server is None:
        return "-"
    return open_url(server.url) if server.url else shlex.join((server.command, *server.args))


def _state(known: _Known) -> str:
    if known.problem is not None:
        return "cannot be used"
    return known.note or "ok"


def _tell_untrusted(context: CliContext) -> None:
    if (file := context.environment.untrusted_servers) is not None:
        render.note(f"{file} is not trusted and has no effect: pagents trust")


def _known_json(known: _Known) -> Mapping[str, Json]:
    server, problem = known.server, known.problem
    return {
        "name": known.name,
        "source": known.source,
        "command": [server.command, *server.args] if server and server.command else None,
        "url": open_url(server.url) if server and server.url else None,
        "problem": None if problem is None else problem.message,
        "note": known.note or None,
    }


def _checked_json(checked: _Checked) -> Mapping[str, Json]:
    listing, problem = checked.listing, checked.problem
    tools = () if listing is None else listing.tools.values()
    return {
        **_known_json(checked.known),
        "problem": None if problem is None else f"{problem.message}: {problem.why}",
        "seconds": round(checked.seconds, 3),
        "tools": [
            {"name": each.spec.name, "access": each.spec.access.value, "calls": each.name}
            for each in tools
        ],
        "left_out": [] if listing is None else list(listing.problems),
    }
