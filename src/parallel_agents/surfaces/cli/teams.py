"""`pagents teams`: the teams of the catalog."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from parallel_agents.catalog.team import Team
from parallel_agents.core.object_schema import properties
from parallel_agents.core.plan import Step
from parallel_agents.errors import InvalidFile
from parallel_agents.surfaces.cli import distant_catalog, render
from parallel_agents.surfaces.cli.catalogs import find_catalog
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home
from parallel_agents.surfaces.cli.first_call import first_run
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.views import format
from parallel_agents.views.catalog_documents import team_entry_json, team_json

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_teams(json: AsJson = False, output: Output = None, home: Home = None) -> None:
    """List the project's teams, your own, and the built-in ones."""
    if (environment := find_home(home)).gateway:
        distant_catalog.list_teams(environment, output, is_json=json)
        return
    entries = find_catalog(home).teams()
    if json:
        render.envelope("teams", time.time(), [team_entry_json(entry) for entry in entries])
        return
    teams = [entry.content for entry in entries if isinstance(entry.content, Team)]
    rows = [(team.name, str(team.count), _inputs(team), team.description) for team in teams]
    print_list(output, ("TEAM", "AGENTS", "INPUTS", "WHAT IT DOES"), rows, right=("AGENTS",))
    for entry in entries:
        if isinstance(entry.content, InvalidFile):
            render.error(entry.content)
    render.note(f"{len(teams)} teams. Details: pagents teams show NAME")


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="NAME")], json: AsJson = False, home: Home = None
) -> None:
    """Show a team: its inputs and its tasks."""
    if (environment := find_home(home)).gateway:
        distant_catalog.show_team(environment, name, is_json=json)
        return
    team = find_catalog(home).team(name)
    if json:
        render.envelope("team", time.time(), [team_json(team)])
        return
    render.line(team.name, "bold")
    render.line(team.description)
    render.line("\ninput", "bold")
    render.line(format.output(team.input_schema))
    render.line("\ntasks", "bold")
    if team.plan is not None:
        rows = [(s.id, _who(s), ", ".join(s.needs), s.text) for s in team.plan.steps]
        render.table(("LABEL", "AGENT", "NEEDS", "TEXT"), rows)
    else:
        rows = [(task.label, task.agent.name, task.text) for task in team.tasks]
        render.table(("LABEL", "AGENT", "TEXT"), rows)
    render.note(f"\nTry: {first_run(team, f'--team {team.name}')}")


def _who(step: Step) -> str:
    if step.plan is not None:
        return f"flow {step.plan.name}"
    return ", ".join(step.agents) or "a person"


def _inputs(team: Team) -> str:
    return ", ".join(properties(team.input_schema))
