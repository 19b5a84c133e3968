"""`pagents secrets`: where the secrets are that the settings name, and whether they can be looked up."""

from __future__ import annotations

import time
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.secrets import Named, State, look_up, references
from parallel_agents.interrupts import run_cancellable
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_home, load_what_works
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.list_shown import print_cards
from parallel_agents.surfaces.cli.output_option import Output

app = typer.Typer(no_args_is_help=True)


class _Row(NamedTuple):
    named: Named
    state: State

    @property
    def text(self) -> str:
        error, is_asked, weakness = self.state
        if error is not None:
            return f"{error.code} {error.message}" + (f": {error.why}" if error.why else "")
        if not is_asked:
            return "not asked; --check asks"
        return f"found, and not hidden: {weakness}" if weakness else "found"


@app.callback()
def secrets() -> None:
    """Show where the secrets are that the settings name; no value is ever shown."""


@app.command("list")
def list_secrets(
    check: Annotated[
        bool, typer.Option("--check", help="Also run commands, and ask the keyring.")
    ] = False,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """List the secrets, and whether each can be looked up."""
    environment = find_home(home)
    named = [*references(environment, load_what_works(environment).settings)]
    rows = run_cancellable(_look_up(named, environment, asks=check))
    if json:
        render.envelope("secrets", time.time(), [_item(row) for row in rows])
    elif rows:
        cells = [(r.named.name, r.named.reference.brief, r.named.user, r.text) for r in rows]
        print_cards(output, ("NAME", "FROM", "USED BY", "STATE"), cells)
    else:
        render.note("The settings name no secrets, and no known variable has a key.")
    if any(row.state.error is not None for row in rows):
        raise typer.Exit(Exit.CONFIGURATION)


async def _look_up(named: list[Named], environment: Environment, *, asks: bool) -> list[_Row]:
    # One after the other: several of them may ask the same person.
    return [_Row(each, await look_up(each, environment, asks=asks)) for each in named]


def _item(row: _Row) -> dict[str, object]:
    error, is_asked, weakness = row.state
    return {
        "name": row.named.name,
        "from": row.named.reference.brief,
        "used_by": row.named.user,
        "is_found": error is None if is_asked else None,
        "is_hidden": not weakness if is_asked and error is None else None,
        "error": None if error is None else {"code": error.code, "message": error.message},
        "why": weakness or (error.why if error is not None else ""),
    }
