"""`pagents retry`: run again what failed in a team or a session, after its price is shown."""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from parallel_agents.core.dead_letter import Edits
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, ModelName, Name, find_context
from parallel_agents.surfaces.cli.dead_letters import Chosen
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.retrying import (
    Edited,
    ToWait,
    ended_with,
    print_retries,
    retried,
)


def retry(
    name: Name,
    killed: Annotated[
        bool, typer.Option("--killed", help="What somebody killed, instead of what failed.")
    ] = False,
    model: ModelName = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print what would run, and its price.")
    ] = False,
    wait: ToWait = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Run again what failed in a team or a session, each task as a new session in the background.

    The most that the first calls can cost is printed before; at a terminal, you are asked. What is
    done already is not done again.
    """
    context, chosen = find_context(home), Chosen((name,), killed=killed)
    asked = Edited(Edits(model=model), None)
    retries = run_cancellable(retried(context, chosen, asked, is_dry=True))
    if not json:
        print_retries(retries, is_dry=True, wait=wait and not dry_run)
    if not dry_run and any(each.refusal is None for each in retries):
        if not (yes or json or all(each.missing_keys for each in retries)):
            _confirm(len(retries))
        retries = run_cancellable(retried(context, chosen, asked, is_dry=False))
        if not json:
            print_retries(retries, is_dry=False, wait=wait)
    raise typer.Exit(ended_with(retries, home, wait=wait, is_json=json, is_dry=dry_run))


def _confirm(count: int) -> None:
    """Ask before anything is paid for, if somebody can answer."""
    if not (sys.stdin.isatty() and render.err().is_terminal):
        return
    if not typer.confirm("Run it again?" if count == 1 else f"Run {count} again?", err=True):
        render.note("Nothing was run.")
        raise typer.Exit(Exit.DONE)
