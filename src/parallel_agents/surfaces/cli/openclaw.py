"""`pagents openclaw`: the skill for OpenClaw."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.openclaw.install import install

app = typer.Typer(no_args_is_help=True)

SKILLS = Path("~/.openclaw/skills")


@app.callback()
def _group() -> None:
    """Work with OpenClaw."""


@app.command("install-skill")
def install_skill(
    skills: Annotated[
        Path, typer.Argument(help="The skills folder.", metavar="[DIR]", show_default=False)
    ] = SKILLS,
    force: Annotated[
        bool, typer.Option("--force", help="Overwrite files that you changed.")
    ] = False,
) -> None:
    """Install the skill parallel-agents into a skills folder, by default ~/.openclaw/skills.

    Run the command again to update it. Files that you changed are kept, unless you use --force.
    """
    installed = install(skills, overwrites=force)
    for name in installed.files:
        state = "written" if name in installed.written else "up to date"
        render.line(f"{state:10}  {installed.folder / name}")
    example = installed.folder / "examples" / "simple_parallel_research.py"
    render.note(f"Try: {sys.executable} {example}")
    render.note("OpenClaw finds the skill in its next session; its model reads SKILL.md.")
