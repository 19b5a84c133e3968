"""`pagents openclaw`: the skill for OpenClaw."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import orjson
import typer

from parallel_agents.settings import read_user_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.openclaw.install import install

app = typer.Typer(no_args_is_help=True)

STATE, SKILLS = "~/.openclaw", "skills"
_STATE_VARIABLE = "OPENCLAW_STATE_DIR"


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
    installed = install(skills or _skills_folder(), overwrites=force)
    for name in installed.files:
        state = "written" if name in installed.written else "up to date"
        render.line(f"{state:10}  {installed.folder / name}")
    example = installed.folder / "examples" / "simple_parallel_research.py"
    render.note(f"Try: {sys.executable} {example}")
    render.note("OpenClaw finds the skill in its next session; its model reads SKILL.md.")
    server = orjson.dumps({"command": str(_command()), "args": ["mcp"]}).decode()
    render.note(f"The tools by MCP: openclaw mcp set parallel-agents '{server}'")


def _skills_folder() -> Path:
    """Where OpenClaw looks for skills."""
    state = read_user_environment().variables.get(_STATE_VARIABLE) or STATE
    return Path(state) / SKILLS


def _command() -> Path:
    """`pagents` by its full path: the gateway's environment has no PATH of a person."""
    return Path(sys.executable).with_name("pagents")
