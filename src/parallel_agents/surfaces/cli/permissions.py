"""`pagents permissions`: what an agent or a session may do with its tools, and which rule says so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.mcp_names import (
    ANY,
    is_mcp_name,
    names_tool,
    offered_name,
    parse_mcp_name,
)
from parallel_agents.core.permission import decide, parse_rule
from parallel_agents.core.tool import Access, ToolSpec
from parallel_agents.errors import InvalidInput, NotFound, UnknownAgent
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.tools.box import Box
from parallel_agents.views.rights import Layer, layer_json, rights_json, rights_of

app = typer.Typer(no_args_is_help=True)


class _Holder(NamedTuple):
    """Whoever has permissions: an agent, or a session of one."""

    name: str
    tools: Sequence[str]
    layers: Sequence[Layer]


@app.callback()
def permissions() -> None:
    """Show what an agent or a session may do with its tools."""


@app.command()
def show(
    name: Annotated[str, typer.Argument(help="An agent or a session.", metavar="NAME")],
    call: Annotated[
        str,
        typer.Argument(help="A call to decide about, such as 'shell(git push)'.", metavar="CALL"),
    ] = "",
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show the rules that apply to an agent or a session, and what they say about each of its tools."""
    context = find_store(home)
    holder = _find(context, name)
    if call:
        _show_call(holder, call, as_json=json)
        return
    box = Box({})
    known = [tool for tool in holder.tools if tool in box or is_mcp_name(tool)]
    rights = [rights_of(holder.layers, _spec_of(box, tool)) for tool in known]
    if json:
        layers = [layer_json(layer) for layer in holder.layers]
        items = [rights_json(each) for each in rights]
        render.envelope("permissions", time.time(), items, name=holder.name, layers=layers)
        return
    render.table(("TOOL", "CALLS"), [(each.tool, each.text) for each in rights])
    for tool in holder.tools:
        if tool not in known:
            render.note(f"{tool}: a tool of a program, which says itself what it reaches")
    if not holder.tools:
        render.note(f"{holder.name} names no tools.")
    for layer in holder.layers:
        listed = "; ".join(
            f"{verb} {', '.join(rules)}"
            for verb, rules in (
                ("deny", layer.permissions.deny),
                ("ask", layer.permissions.ask),
                ("allow", layer.permissions.allow),
            )
            if rules
        )
        render.note(f"{layer.name}: {listed or 'no rules'}")


def _show_call(holder: _Holder, call: str, *, as_json: bool) -> None:
    rule = parse_rule(call)
    spec = _spec(holder, rule.tool)
    decision = decide([layer.permissions for layer in holder.layers], spec, rule.pattern)
    why = f"by {decision.rule}" if decision.rule else "no rule covers it"
    if as_json:
        item = {"call": call, "ruling": decision.ruling.value, "rule": decision.rule}
        render.envelope("permission", time.time(), [item], name=holder.name)
    else:
        render.line(f"{decision.ruling.value}  {call}  {why}")


def _spec(holder: _Holder, tool: str) -> ToolSpec:
    if tool not in holder.tools and not any(names_tool(each, tool) for each in holder.tools):
        listed = ", ".join(holder.tools) or "none"
        raise InvalidInput(
            f"{holder.name} has no tool {tool!r}", hint=f"name one of its tools: {listed}"
        )
    box = Box({})
    if tool not in box and not is_mcp_name(tool):
        raise InvalidInput(
            f"{tool} is a tool of a program",
            why="only that program knows what its calls reach",
            hint="look into `pagents audit`, which has every decision about its calls",
        )
    return _spec_of(box, tool)


def _spec_of(box: Box, tool: str) -> ToolSpec:
    """A tool of the box; or one of an MCP server, or all of it, unless what it says is believed."""
    if not is_mcp_name(tool):
        return box[tool].spec
    server, own = parse_mcp_name(tool)
    name = f"mcp__{server}__*" if own == ANY else offered_name(server, own)
    return ToolSpec(name, "", {}, access=Access.RUN)


def _find(context: CliContext, name: str) -> _Holder:
    """The agent of this name, or else the session."""
    environment, settings = context.environment, context.settings
    of_settings = Layer("the settings", settings.permission_layer)
    try:
        agent = Catalog(environment.folders, environment.accept).agent(name)
    except UnknownAgent as error:
        unknown = error
    else:
        return _Holder(
            name, agent.possible_tools, [of_settings, Layer(f"agent {name}", agent.permissions)]
        )

    async def look() -> _Holder:
        async with open_reader(environment, settings) as reader:
            try:
                session = (await reader.sessions.find(name)).session
            except NotFound:
                raise unknown from None
        held: Agent = session.agent
        layers = session.options.permissions
        named = [Layer(f"layer {n} of {len(layers)}", x) for n, x in enumerate(layers, start=1)]
        return _Holder(session.name, held.tools, [of_settings, *named])

    return run_cancellable(look())
