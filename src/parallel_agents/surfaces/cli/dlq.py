"""`pagents dlq`: list, retry or drop tasks that failed after all their attempts."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.app.acting import open_acting
from parallel_agents.app.reading import open_reader
from parallel_agents.core.dead_letter import DeadLetter, Edits
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import (
    AsJson,
    Home,
    Inputs,
    ModelName,
    Name,
    find_context,
    find_store,
)
from parallel_agents.surfaces.cli.dead_letters import (
    AgentName,
    All,
    Chosen,
    Code,
    Names,
    check_chosen,
    choose,
    print_letter,
    print_letters,
)
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.inputs import given_text
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.cli.retrying import (
    Edited,
    ToWait,
    ended_with,
    print_retries,
    retried,
)
from parallel_agents.surfaces.cli.since import Since
from parallel_agents.views.documents import letter_json

Afresh = Annotated[
    bool,
    typer.Option("--afresh", help="Forget what the failed runs did; all may be done again."),
]

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_letters(
    agent: AgentName = None,
    code: Code = None,
    since: Since = None,
    json: AsJson = False,
    output: Output = None,
    home: Home = None,
) -> None:
    """List tasks that failed after all their attempts, newest first."""
    chosen = Chosen((), agent, code, since)
    letters = _find(chosen, home)
    if json:
        render.envelope("dlq", time.time(), [letter_json(letter) for letter in letters])
    elif letters:
        print_letters(letters, output)
    else:
        render.note(chosen.if_none)
    if letters:
        render.note("Next: pagents dlq show ID · pagents dlq retry ID --dry-run")


@app.command()
def show(name: Name, json: AsJson = False, home: Home = None) -> None:
    """Show how tasks failed, and what a retry would run."""
    letters = _find(Chosen((name,)), home)
    if json:
        render.envelope("dlq", time.time(), [letter_json(letter) for letter in letters])
        return
    for letter in letters:
        print_letter(letter)


@app.command()
def retry(
    names: Names = None,
    agent: AgentName = None,
    code: Code = None,
    since: Since = None,
    everything: All = False,
    text: Annotated[
        str | None,
        typer.Option(
            help="Replace the task's text; only for a single task.",
            metavar="TEXT",
            callback=given_text,
        ),
    ] = None,
    model: ModelName = None,
    inputs: Inputs = None,
    current: Annotated[
        bool, typer.Option("--current", help="Use the agents as they are defined now.")
    ] = False,
    afresh: Afresh = False,
    dry_run: Annotated[
        bool,
        typer.Option(
            "--dry-run",
            help="Only print what would run, and the most that each first call can cost.",
        ),
    ] = False,
    wait: ToWait = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Retry failed tasks, each as a new session in the background.

    While a retry is running, retrying the same task again returns that retry.
    """
    chosen = Chosen(names or (), agent, code, since)
    check_chosen(chosen, is_all=everything)
    context = find_context(home)
    edits = Edits(text=text, model=model, current=current, afresh=afresh)
    retries = run_cancellable(retried(context, chosen, Edited(edits, inputs), is_dry=dry_run))
    if retries and not json:
        print_retries(retries, is_dry=dry_run, wait=wait and not dry_run)
    elif not json:
        render.note(chosen.if_none)
    raise typer.Exit(ended_with(retries, home, wait=wait, is_json=json, is_dry=dry_run))


@app.command()
def drop(
    names: Names = None,
    agent: AgentName = None,
    code: Code = None,
    since: Since = None,
    everything: All = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Drop failed tasks from the list; their sessions and history stay."""
    chosen = Chosen(names or (), agent, code, since)
    check_chosen(chosen, is_all=everything)
    letters = _find(chosen, home)
    if letters and not (yes or json):
        _confirm(letters)
    context = find_store(home)

    async def drop_them() -> int:
        async with open_acting(context.environment, context.settings) as client:
            return await client.sessions.drop(letters)

    dropped = run_cancellable(drop_them())
    if json:
        items = [letter_json(letter) for letter in letters]
        render.envelope("dropped", time.time(), items, dropped=dropped)
        return
    render.line(f"dropped {dropped} of {len(letters)}")


def _find(chosen: Chosen, home: Home) -> list[DeadLetter]:
    context = find_store(home)

    async def look() -> list[DeadLetter]:
        async with open_reader(context.environment, context.settings) as client:
            return await choose(client.sessions, chosen)

    return run_cancellable(look())


def _confirm(letters: Sequence[DeadLetter]) -> None:
    """Ask before several are dropped, if somebody can answer."""
    if len(letters) == 1 or not (sys.stdin.isatty() and render.err().is_terminal):
        return
    if not typer.confirm(f"Drop {len(letters)} dead letters?", err=True):
        render.note("Nothing was dropped.")
        raise typer.Exit(Exit.DONE)
