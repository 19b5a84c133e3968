"""`pagents workspaces`: list the copies that sessions work in, and remove those that are done with."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from parallel_agents.app.tending import open_workspaces
from parallel_agents.core.workspace_verbs import KeptWorkspace, check_forced
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.views import format
from parallel_agents.views.documents import changes_json

_TITLES = ("ID", "WHO", "OF", "STATE", "UNMERGED", "SIZE", "AGE")

app = typer.Typer(no_args_is_help=True)


@app.command("list")
def list_workspaces(json: AsJson = False, output: Output = None, home: Home = None) -> None:
    """List the workspaces of sessions, with what is not merged yet and their sizes."""
    context = find_store(home)

    async def look() -> list[KeptWorkspace]:
        async with open_workspaces(context.environment, context.settings) as workspaces:
            return await workspaces.list()

    found = run_cancellable(look())
    if json:
        render.envelope("workspaces", time.time(), [_json(each) for each in found])
        return
    if not found:
        render.note("There are no workspaces.")
        return
    now = time.time()
    rows = [
        (
            each.id,
            "(its session is gone)" if each.label is None else each.label,
            each.source,
            each.state,
            format.changes(each.unmerged) if each.unmerged else "",
            format.size(each.bytes),
            "" if each.made_at is None else format.seconds(max(0.0, now - each.made_at)),
        )
        for each in found
    ]
    print_list(output, _TITLES, rows, right=("SIZE",), flexible="OF", shortened=("OF",))
    render.note("Next: pagents diff ID · pagents merge ID · pagents workspaces clean")


@app.command()
def clean(
    names: Annotated[
        list[str] | None, typer.Argument(help="Sessions, or teams.", metavar="NAME...")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Also those that are younger than workspace_seconds.")
    ] = False,
    force: Annotated[
        bool, typer.Option("--force", help="Also those with changes that are not merged.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Remove workspaces whose changes are merged, or that have none.

    Without names it removes those that are older than the setting workspace_seconds. What is not
    merged stays unless --force is given; a workspace in which a run is at work always stays.
    """
    check_forced(names or (), everything=everything, force=force)
    context = find_store(home)

    async def run() -> list[KeptWorkspace]:
        async with open_workspaces(context.environment, context.settings) as workspaces:
            return await workspaces.clean(
                names or (), everything=everything, force=force, dry_run=dry_run
            )

    found = run_cancellable(run())
    gone = [each for each in found if not each.why_kept]
    if json:
        items = [_json(each) for each in gone]
        render.envelope("workspaces", time.time(), items, dry_run=dry_run)
        return
    for each in found:
        if each.why_kept:
            render.note(f"{each.id} stays: {each.why_kept}")
    total = format.size(sum(each.bytes for each in gone))
    count = "1 workspace" if len(gone) == 1 else f"{len(gone)} workspaces"
    render.line(f"{count} {'would be removed' if dry_run else 'removed'}, {total}")


def _json(found: KeptWorkspace) -> dict[str, object]:
    return {
        "id": found.id,
        "session_key": found.session,
        "label": found.label,
        "source": found.source or None,
        "workspace": found.folder,
        "state": found.state,
        "unmerged": changes_json(found.unmerged),
        "bytes": found.bytes,
        "made_at": format.iso(found.made_at),
    }
