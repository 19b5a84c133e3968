"""`pagents skill`: the skill, the MCP entry and the plugin for Claude Code, Codex and OpenClaw."""

from __future__ import annotations

import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.errors import ClientConfigBroken, InvalidInput
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home
from parallel_agents.surfaces.plugins import content, installing, marketplace
from parallel_agents.surfaces.plugins.clients import (
    CLIENTS,
    CODEX,
    NAME,
    Around,
    Client,
    Scope,
    client_named,
    is_seen,
)
from parallel_agents.surfaces.plugins.owned_files import State

app = typer.Typer(no_args_is_help=True)

_NAMES = "|".join(CLIENTS)
_For = Annotated[str, typer.Option("--for", help="The program.", metavar=_NAMES)]
_Scope = Annotated[
    Scope, typer.Option(help="For you everywhere, or for the project around this folder.")
]
_Force = Annotated[bool, typer.Option("--force", help="Also overwrite what you changed.")]
_DONE = {
    State.MISSING: "written",
    State.OUTDATED: "updated",
    State.EDITED: "overwritten",
    State.CURRENT: "up to date",
}


@app.callback()
def skill() -> None:
    """Install the skill parallel-agents, with its MCP server, into the programs that you work in."""


@app.command()
def install(
    client: _For, scope: _Scope = Scope.USER, force: _Force = False, home: Home = None
) -> None:
    """Install the skill and the MCP server, or bring them up to date.

    What else is in the program's files stays as it is. What you changed is kept, unless you use --force.
    """
    around = user_around(home)
    chosen = client_named(client)
    place = chosen.find(scope, around)
    found = installing.look(chosen, place, program_with(home))
    is_new_here = not is_seen(chosen, place, around)
    if not force:
        show_edits(found)
    if (change := found.entry_change()) is not None:
        show_diff(f"{change.where} changes:", change)
    show_parts(installing.install(found, overwrites=force))
    if is_new_here:
        render.note(f"{chosen.title} was not found here: neither {chosen.command}, nor its files.")
    if chosen is CODEX and place.skill.parent.is_symlink():
        render.note(f"{place.skill.parent} is a link, and Codex reads no skills through it.")
    render.note(found.client.again)
    if scope is Scope.PROJECT:
        render.note("These files name pagents by its path on this machine: do not commit them.")
        if found.place.config is None:
            render.note(f"{chosen.title} has no MCP servers of a project; use --scope user.")
    elif found.place.config is None:
        render.note(
            f"Set up {chosen.title}, then run this again: its configuration is not there yet."
        )


@app.command()
def uninstall(
    client: _For,
    scope: _Scope = Scope.USER,
    force: Annotated[bool, typer.Option("--force", help="Also remove what you changed.")] = False,
    home: Home = None,
) -> None:
    """Remove what `install` wrote, and nothing else."""
    found = _look(client_named(client), scope, home)
    parts = installing.uninstall(found, removes_edits=force)
    for part in parts:
        is_kept = part.state is State.EDITED and not force
        render.line(f"{'kept' if is_kept else 'removed':12}{part.where}")
    if not parts:
        render.note(f"Nothing is installed for {found.client.title}.")
    elif not force and any(part.state is State.EDITED for part in parts):
        render.note("You changed what was kept; --force removes it, too.")


@app.command()
def status(
    client: Annotated[
        str | None, typer.Option("--for", help="Only this program.", metavar=_NAMES)
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Show where the skill is installed, and whether it is up to date."""
    clients = [client_named(client)] if client is not None else [*CLIENTS.values()]
    rows = [_row(each, scope, home) for each in clients for scope in Scope]
    if json:
        render.envelope("skill_status", time.time(), rows)
        return
    render.cards(("PROGRAM", "SCOPE", "SKILL", "MCP SERVER"), [_cells(row) for row in rows])
    for error in dict.fromkeys(str(row["error"]) for row in rows if row["error"]):
        render.note(error)


@app.command()
def plugin(
    folder: Annotated[
        Path, typer.Argument(help="A folder for the marketplace.", metavar="[DIR]")
    ] = Path("parallel-agents-plugin"),
    force: _Force = False,
    home: Home = None,
) -> None:
    """Write the plugin for Claude Code and Codex, in a marketplace that both can install from.

    Use it instead of `install`: it has the same skill and MCP server.
    """
    where = folder.expanduser().absolute()
    states = marketplace.write_marketplace(where, program_with(home), overwrites=force)
    show_parts([installing.Part(str(where / name), state) for name, state in states.items()])
    at = f"{NAME}@{NAME}"
    quoted = shlex.quote(str(where))
    render.note(f"Claude Code: claude plugin marketplace add {quoted}")
    render.note(f"             claude plugin install {at}")
    render.note(f"Codex:       codex plugin marketplace add {quoted}")
    render.note(f"             codex plugin add {at}")


def show_edits(found: installing.Installation) -> None:
    """What a person changed, and what would be written in its place."""
    for edit in found.edits():
        show_diff(f"{edit.where} differs:", edit)


def show_diff(head: str, edit: installing.Edit) -> None:
    """The lines that differ, below a heading."""
    render.note(head)
    for line in edit.diff:
        render.note(f"  {line}")


def show_parts(parts: Sequence[installing.Part]) -> None:
    """A line for each part: what became of it, and where it is."""
    for part in parts:
        render.line(f"{_DONE[part.state]:12}{part.where}")


def _look(client: Client, scope: Scope, home: Path | None) -> installing.Installation:
    return installing.look(client, client.find(scope, user_around(home)), program_with(home))


def user_around(home: Path | None) -> Around:
    """What says where the folders of clients are.

    Raises:
        InvalidInput: the user's folder or the current one is unknown.
    """
    environment = find_home(home)
    try:
        own, here = Path.home(), Path.cwd()
    except (OSError, RuntimeError) as error:
        raise InvalidInput(
            "it is unknown where the folders of programs are",
            why=str(error),
            hint="set HOME, and run this in a folder that exists",
        ) from error
    return Around(variables=environment.variables, home=own, project=_project(here, own))


def _project(here: Path, own: Path) -> Path:
    """The repository around a folder, or else the folder; never one that the user's folder is in."""
    for folder in (here, *here.parents):
        if folder == own or own.is_relative_to(folder):
            break
        if (folder / ".git").exists():
            return folder
    return here


def program_with(home: Path | None) -> content.Program:
    """How a client starts pagents, with the home that is named here."""
    environment = find_home(home)
    return content.this_program(str(environment.home) if environment.is_home_chosen else "")


def _row(client: Client, scope: Scope, home: Path | None) -> dict[str, object]:
    place = client.find(scope, user_around(home))
    row: dict[str, object] = {"for": client.name, "scope": scope, "folder": str(place.skill)}
    try:
        found = installing.look(client, place, program_with(home))
    except ClientConfigBroken as error:
        return {**row, "skill": None, "mcp_server": None, "error": f"{error.message}: {error.why}"}
    return {
        **row,
        "skill": found.skill_state,
        "mcp_server": found.entry_state,
        "error": "",
    }


def _cells(row: dict[str, object]) -> tuple[str, ...]:
    unknown = "unreadable" if row["error"] else "none"
    states = (str(row["skill"] or unknown), str(row["mcp_server"] or unknown))
    return (str(row["for"]), str(row["scope"]), *states)
