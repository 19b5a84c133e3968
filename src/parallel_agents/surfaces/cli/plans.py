"""`pagents validate`, `graph` and `schema`: team files before they are run."""

from __future__ import annotations

import re
import shlex
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import orjson
import typer

from parallel_agents.catalog.agent_file import parse_agent
from parallel_agents.catalog.catalog import BUILT_IN, Catalog
from parallel_agents.catalog.source import Source, read_source
from parallel_agents.catalog.team import Team
from parallel_agents.catalog.team_file import parse_team
from parallel_agents.catalog.team_schema import team_schema
from parallel_agents.core.agent import NAME_PATTERN
from parallel_agents.errors import InvalidInput, NotFound
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.catalogs import find_catalog
from parallel_agents.surfaces.cli.context import AsJson, Home
from parallel_agents.surfaces.cli.first_call import first_run
from parallel_agents.surfaces.cli.templates import find_template, write_new
from parallel_agents.views import plan_graph
from parallel_agents.views.graph_documents import plan_of_team

_NOT_IN_NAMES = re.compile("[^a-z0-9_]+")
_TEMPLATES = BUILT_IN / "templates"
_Named = Annotated[
    str, typer.Argument(help="A team file, or a team by name.", metavar="TEAMFILE|NAME")
]


class Schemas(StrEnum):
    TEAM = "team"


def list_templates() -> None:
    """List the templates of team files."""
    found = _templates()
    render.table(("TEMPLATE", "WHAT IT DOES"), [(n, _described(f)) for n, f in found.items()])
    render.note("Write one: pagents init TEMPLATE [FILE]")


def write_team_file(template: str, file: Path | None) -> None:
    """Write a team file to begin with.

    Raises:
        InvalidInput: there is no such template, or the file exists or cannot be written.
    """
    found = _templates()
    source = find_template(template, found)
    target = file or Path(f"{template}.yaml")
    if target.suffix not in {".yaml", ".yml"}:
        raise InvalidInput(f"{target} is not the name of a team file", hint="end it in .yaml")
    text = source.read_text("utf-8")
    text = text.replace(f"\nname: {template}\n", f"\nname: {_team_name(target, template)}\n", 1)
    text = text.replace(f"pagents run {template}.yaml", f"pagents run {target.name}")
    team = parse_team(Source(target, text), Catalog(()).agent)
    write_new(target, text, hint=f"name another file: pagents init {template} FILE")
    named = shlex.quote(str(target))
    render.note(f"Wrote {target}. Next: pagents graph {named} · {first_run(team, named)}")


def _team_name(file: Path, template: str) -> str:
    """What a team in a file of that name is called: as the file, as far as a team can be."""
    name = _NOT_IN_NAMES.sub("_", file.stem.lower())
    return name if re.fullmatch(NAME_PATTERN[1:-1], name) else template


def _templates() -> dict[str, Path]:
    return {each.stem: each for each in sorted(_TEMPLATES.glob("*.yaml"))}


def validate(
    name: Annotated[
        str,
        typer.Argument(
            help="A team file, an agent's file, or a team by name.", metavar="FILE|NAME"
        ),
    ],
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Check a team file as `run` would, or the file of an agent, without a call."""
    if Path(name).suffix == ".md":
        agent = parse_agent(read_source(Path(name)))
        if json:
            render.json_line({"schema": "pagents.valid/1", "name": agent.name})
            return
        render.line(f"✔ {agent.name}  valid: an agent")
        return
    team = _found(name, find_catalog(home))
    count = f"{team.count} tasks" if team.count > 1 else "1 task"
    levels = 1 if team.plan is None else len(plan_graph.levels(team.plan))
    if json:
        counts = {"tasks": team.count, "levels": levels}
        render.json_line({"schema": "pagents.valid/1", "name": team.name, **counts})
        return
    what = f" on {levels} levels" if levels > 1 else ""
    render.line(f"✔ {team.name}  valid: {count}{what}")


def graph(
    name: _Named,
    mermaid: Annotated[bool, typer.Option("--mermaid", help="Draw it for a web page.")] = False,
    home: Home = None,
) -> None:
    """Draw the tasks of a team file, and what each needs."""
    plan = plan_of_team(_found(name, find_catalog(home)))
    render.line(plan_graph.as_mermaid(plan) if mermaid else plan_graph.as_text(plan))


def schema(
    kind: Annotated[Schemas, typer.Argument(help="What it describes.", metavar="team")],
) -> None:
    """Print the JSON Schema of team files, for editors."""
    del kind  # there is one
    render.line(orjson.dumps(team_schema(), option=orjson.OPT_INDENT_2).decode())


def _found(name: str, catalog: Catalog) -> Team:
    """The team of that name, or in that file.

    Raises:
        NotFound: there is none; if an agent has that name, the hint says how to look at it.
        InvalidFile: its file, or the file of one of its agents, is not valid.
    """
    is_file = Path(name).suffix in {".yaml", ".yml"}
    try:
        return catalog.team(Path(name) if is_file else name)
    except NotFound as absent:
        if name not in catalog.agent_names():
            raise
        raise NotFound(
            absent.message,
            why="an agent has that name",
            hint=f"`pagents agents show {name}` shows the agent, and"
            " `pagents validate FILE.md` checks the file of one",
        ) from None


def _described(file: Path) -> str:
    return str(find_catalog().team(file).description)
