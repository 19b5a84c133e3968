"""`pagents trust`: show what a project's folder defines, and let it take effect in that form."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.errors import NotFound, Untrusted
from parallel_agents.settings import find_project_around, read_user_environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.trust import Project, forget_trust, record_trust, untrusted_files
from parallel_agents.views.faults import Fault, faults
from parallel_agents.views.format import one_line
from parallel_agents.views.powers import powers


def trust(
    yes: Annotated[
        bool, typer.Option("--yes", "-y", help="Do not ask: you have read the files.")
    ] = False,
    revoke: Annotated[bool, typer.Option("--revoke", help="Stop trusting the folder.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show what the project around the current folder defines, and trust it in this form.

    Without that, no setting, provider, agent or team of its .parallel-agents folder has any effect,
    and no server of the .mcp.json beside it. Every change of these files asks again. A file that is
    not valid is named, and has no effect until it is corrected.
    """
    environment = read_user_environment(home)
    project = find_project_around(environment)
    if project is None:
        raise NotFound(
            "there is no project around the current folder",
            why="no .parallel-agents folder or .mcp.json of yours lies in it, or above it in the same "
            "repository",
            hint="change to the project's folder",
        )
    if revoke:
        was_trusted = forget_trust(project.folder, environment.home)
        _tell(project, {}, (), is_trusted=False, json=json)
        render.note("No longer trusted." if was_trusted else "It was not trusted.")
        return
    changes = untrusted_files(project, environment.home)
    found = faults(project, environment)
    if not json:
        _show(project, changes)
    for each in found:
        render.note(f"Not valid: {_why(each)}", "yellow")
    if changes and not yes:
        _ask(project)
    record_trust(project, environment.home)
    _tell(project, changes, found, is_trusted=True, json=json)


def _why(fault: Fault) -> str:
    error = fault.error
    return one_line("; ".join(filter(None, (error.message, error.why, error.hint))))


def _tell(
    project: Project,
    changes: dict[str, str],
    found: Sequence[Fault],
    *,
    is_trusted: bool,
    json: bool,
) -> None:
    if json:
        items = [
            {
                "file": name,
                "sha256": digest,
                "change": changes.get(name),
                "problems": [_why(each) for each in found if each.file == name],
            }
            for name, digest in project.digests.items()
        ]
        folder, allowed = str(project.folder), powers(project)
        render.envelope(
            "trust", time.time(), items, folder=folder, trusted=is_trusted, powers=allowed
        )
    elif is_trusted:
        render.note(f"Trusted: {project.place}" if changes else "Trusted already.")


def _show(project: Project, changes: dict[str, str]) -> None:
    """The files that are not trusted in their present form, whole, and what they would do."""
    render.line(str(project.place), "bold")
    for name, change in changes.items():
        render.line(f"\n{name} {change}", "bold")
        for line in project.files.get(name, b"").decode(errors="replace").splitlines():
            render.line(f"  {line}")
    if allowed := powers(project):
        render.line("\nWhile it is trusted:", "bold")
        for sentence in allowed:
            render.line(f"- {sentence}")


def _ask(project: Project) -> None:
    """Ask the person at the terminal.

    Raises:
        Untrusted: nobody can answer.
    """
    if not (sys.stdin.isatty() and render.err().is_terminal):
        raise Untrusted(
            f"{project.place} stays untrusted: nobody can be asked here",
            why="this is not a terminal",
            hint="read its files, then run `pagents trust --yes`",
        )
    if not typer.confirm("Trust it?", default=False, err=True):
        render.note("It stays untrusted.")
        raise typer.Exit(Exit.CONFIGURATION)
