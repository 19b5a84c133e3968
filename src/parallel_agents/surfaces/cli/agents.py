"""`pagents agents`: the agents of the catalog."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Annotated

import typer

from parallel_agents.app.references import TOOLS, dangling_in_agent
from parallel_agents.app.tool_servers import HomeServers
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.message import task_text
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidFile
from parallel_agents.surfaces.cli import (
    agent_files,
    agent_new,
    agent_templates,
    agent_versions,
    distant_catalog,
    render,
)
from parallel_agents.surfaces.cli.agent_cards import card
from parallel_agents.surfaces.cli.agent_tests import try_cases
from parallel_agents.surfaces.cli.catalogs import find_catalog
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home, find_offers
from parallel_agents.surfaces.cli.first_call import cases_of, first_call
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.views import format
from parallel_agents.views.catalog_documents import agent_entry_json, agent_json

app = typer.Typer(no_args_is_help=True)
app.command("init")(agent_templates.init)
app.command("test")(try_cases)
app.command("import")(agent_files.import_agents)
app.command()(card)

for command in (
    agent_files.copy,
    agent_files.edit,
    agent_new.new,
    agent_new.refine,
    agent_new.register,
    agent_versions.history,
    agent_versions.diff,
    agent_versions.revert,
    agent_versions.drafts,
):
    app.command()(command)

_SHOWN_APART = {
    "category",
    "tier",
    "examples",
    "input_schema",
    "output_schema",
    "with_workspace",
}


@app.command("list")
def list_agents(json: AsJson = False, output: Output = None, home: Home = None) -> None:
    """List the agents of the project, your own, and the built-in ones."""
    if (environment := find_home(home)).gateway:
        distant_catalog.list_agents(environment, output, is_json=json)
        return
    entries = find_catalog(home).agents()
    if json:
        render.envelope("agents", time.time(), [agent_entry_json(entry) for entry in entries])
        return
    agents = [entry.content for entry in entries if isinstance(entry.content, Agent)]
    rows = [(agent.name, agent.category, agent.tier, agent.description) for agent in agents]
    print_list(output, ("AGENT", "CATEGORY", "TIER", "WHAT IT DOES"), rows)
    for entry in entries:
        if isinstance(entry.content, InvalidFile):
            render.error(entry.content)
    render.note(f"{len(agents)} agents. Details: pagents agents show NAME")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME")], json: AsJson = False, home: Home = None
) -> None:
    """Show an agent: input, output, instructions, and settings."""
    if (environment := find_home(home)).gateway:
        distant_catalog.show_agent(environment, name, is_json=json)
        return
    context = find_offers(home)
    catalog = Catalog(context.environment.folders, context.environment.accept)
    agent = catalog.agent(name)
    if json:
        file = next((str(each.file) for each in catalog.agents() if each.name == name), None)
        render.envelope("agent", time.time(), [{**agent_json(agent), "file": file}])
        return
    render.line(f"{agent.name}  ({agent.category}, {agent.tier})", "bold")
    render.line(agent.description)
    for title, value in (("input", agent.input_schema), ("output", agent.output_schema)):
        render.line(f"\n{title}", "bold")
        render.line(format.output(value) if value else "text")
    if set_otherwise := _set_otherwise(agent):
        render.line("\nsettings", "bold")
        render.line(format.output(set_otherwise))
    render.line("\ninstructions", "bold")
    render.line(agent.instructions)
    _show_examples(agent)
    if agent.with_workspace is not None:
        render.line("\nwith a workspace", "bold")
        if agent.with_workspace.tools:
            render.line(f"tools: {', '.join(agent.with_workspace.tools)}")
        if agent.with_workspace.instructions:
            render.line(agent.with_workspace.instructions)
    agents = catalog.agent_names()
    servers = HomeServers(context.environment, context.settings).names
    for found in dangling_in_agent(agent, TOOLS, agents, servers):
        render.note(f"! {found.where}: {found.what}; {found.hint}")
    render.note(f"\nTry: {first_call(agent, cases_of(catalog, name))}")


def _show_examples(agent: Agent) -> None:
    for number, example in enumerate(agent.examples, start=1):
        render.line(f"\nexample {number}", "bold")
        render.line(task_text(example.text, example.input))
        render.line(f"→ {format.output(example.output)}")


def _set_otherwise(agent: Agent) -> dict[str, Json]:
    """What an agent has otherwise than one that says nothing, without what is shown apart."""
    document = agent_json(agent)
    plain = agent_json(
        Agent(name=agent.name, description=agent.description, instructions=agent.instructions)
    )
    return {
        name: _without_nothing(value)
        for name, value in document.items()
        if name not in _SHOWN_APART and value != plain[name]
    }


def _without_nothing(value: Json) -> Json:
    if not isinstance(value, Mapping):
        return value
    return {name: part for name, part in value.items() if part not in (None, [], "")}
