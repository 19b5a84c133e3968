"""`pagents openclaw`: the skill for OpenClaw."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Annotated

import orjson
import typer

from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.skill import program_with, show_edits, show_parts, user_around
from parallel_agents.surfaces.plugins import content, installing
from parallel_agents.surfaces.plugins.clients import NAME, OPENCLAW, Place, Scope

app = typer.Typer(no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Work with OpenClaw."""


@app.command("install-skill")
def install_skill(
    skills: Annotated[
        Path | None, typer.Argument(help="The skills folder.", metavar="[DIR]", show_default=False)
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that you changed.")
    ] = False,
) -> None:
    """Install the skill parallel-agents into a skills folder.

    By default that is `skills` in the folder that OPENCLAW_STATE_DIR names, or in ~/.openclaw.

    Run the command again to update it. Files that you changed are kept, unless you use --force.
    """
    around = user_around(None)
    usual = OPENCLAW.find(Scope.USER, around).skill
    folder = usual if skills is None else skills.expanduser().absolute() / NAME
    program = program_with(None)
    found = installing.look(OPENCLAW, Place(skill=folder), program)
    if not force:
        show_edits(found)
    show_parts(installing.install(found, overwrites=force))
    example = folder / "examples" / "simple_parallel_research.py"
    render.note(f"Try: {program.in_home}{program.python} {example}")
    render.note(OPENCLAW.again)
    server = orjson.dumps(content.server_entry(OPENCLAW, program)).decode()
    render.note(f"The tools by MCP: openclaw mcp set {NAME} {shlex.quote(server)}")
