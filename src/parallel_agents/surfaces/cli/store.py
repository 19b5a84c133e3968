"""`pagents store`: how large the store is, what of it may go, copies of it, and whether it is intact."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from parallel_agents.app.care import open_care, open_care_reading
from parallel_agents.core.store_care import Retention
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.store_given import parse_age, parse_size
from parallel_agents.surfaces.cli.store_shown import (
    Chosen,
    Progress,
    print_plan,
    print_pruned,
    print_stats,
    prune_json,
    stats_json,
)
from parallel_agents.views import format

app = typer.Typer(no_args_is_help=True)


@app.command()
def stats(json: AsJson = False, home: Home = None) -> None:
    """Show what the store holds, by kind, and what a pruning would free.

    That is what the settings retention_days and retention_bytes let go, or what ended 30 days ago.
    """
    context = find_store(home)

    async def look() -> None:
        async with open_care_reading(context.environment, context.settings) as care:
            found = await care.stats()
        if json:
            render.envelope("store", time.time(), [stats_json(found)])
        else:
            print_stats(found, context.environment.home)

    run_cancellable(look())


@app.command()
def prune(
    names: Annotated[
        list[str] | None,
        typer.Argument(help="Teams, flows or sessions; each goes as a whole.", metavar="[NAME]..."),
    ] = None,
    older_than: Annotated[
        str | None,
        typer.Option(help="What ended longer ago: 12h, 30d or 8w.", metavar="AGE"),
    ] = None,
    keep_last: Annotated[
        int | None,
        typer.Option(help="Keep this many that ended last.", metavar="N", min=0),
    ] = None,
    larger_than: Annotated[
        str | None,
        typer.Option(help="Only until the store holds no more: 500MB or 5GB.", metavar="SIZE"),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only say what would be removed.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Remove teams, flows and sessions that have ended, each with everything that it spawned.

    What is live, what a live run uses, and what has a workspace that is not merged always stays. A
    dead letter that was neither retried nor dropped, and a flow that can still continue, keep their
    tree unless it is named. The journal stays a chain that `audit --verify` verifies; it says what
    was pruned, when and by whom.
    """
    retention = Retention(
        older_than=parse_age(older_than),
        larger_than=parse_size(larger_than),
        keep_last=keep_last,
    )
    if bool(names) is retention.is_set:
        raise InvalidInput(
            "nothing says what is to go" if not names else "names and conditions are both given",
            hint="pass --older-than 30d, --larger-than 5GB or --keep-last N; or names alone",
        )
    context = find_store(home)
    run_cancellable(_prune(context, names or [], retention, dry_run=dry_run, is_json=json))


async def _prune(
    context: CliContext, names: list[str], retention: Retention, *, dry_run: bool, is_json: bool
) -> None:
    opened = open_care_reading if dry_run else open_care
    async with opened(context.environment, context.settings) as care:
        if names:
            chosen = Chosen(await care.named(names), (), is_named=True)
        else:
            plan = await care.plan(retention)
            chosen = Chosen(plan.trees, plan.held, is_named=False)
        if not is_json:
            print_plan(chosen, dry_run=dry_run)
        if dry_run:
            pruned = None
        else:
            with Progress() as progress:
                pruned = await care.prune(
                    chosen.trees, is_named=chosen.is_named, on_step=progress.note_step
                )
    if is_json:
        render.envelope("pruned", time.time(), [prune_json(chosen, pruned)], dry_run=dry_run)
    elif pruned is not None:
        print_pruned(pruned)


@app.command()
def backup(
    file: Annotated[Path, typer.Argument(help="A file that does not exist.", metavar="FILE")],
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Copy the store into a file while runs continue, and check the copy.

    The file appears once it is whole and checked; nothing is overwritten. It has no contents of
    artifacts: copy the folder `artifacts` after it.
    """
    context = find_store(home)

    async def copy() -> None:
        async with open_care_reading(context.environment, context.settings) as care:
            with Progress() as progress:
                copied = await care.backup(file, progress.note_pages)
            contents = (await care.contents()).number
        if json:
            item = {"file": str(file), "bytes": copied.bytes, "events": copied.events}
            render.envelope("backup", time.time(), [{**item, "head": copied.head or None}])
            return
        what = (
            "of another version, so its chain was not verified"
            if copied.events is None
            else f"{copied.events:,} events, verified"
        )
        render.line(f"✔ {file}  {format.size(copied.bytes)} ({what})", "green")
        if copied.head:
            render.line(f"  head  {copied.head}")
        if contents:
            folder = context.environment.home / "artifacts"
            render.note(f"{contents:,} contents of artifacts are not in it: copy {folder}, too")

    run_cancellable(copy())


@app.command()
def vacuum(
    while_running: Annotated[
        bool,
        typer.Option(
            "--while-running", help="Write an old store anew even if its runs have to wait."
        ),
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Give the space that prunings have left back to the disk.

    It is done in small steps while runs continue. A store that an earlier version made is written anew
    once, for which the disk needs twice the room of what it holds, and for which runs wait.
    """
    context = find_store(home)

    async def shrink() -> None:
        async with open_care(context.environment, context.settings) as care:
            with Progress() as progress:
                done = await care.vacuum(while_running=while_running, on_pages=progress.note_free)
        if json:
            item = {"bytes_before": done.before, "bytes": done.after, "is_anew": done.is_anew}
            render.envelope("vacuum", time.time(), [item])
            return
        given = format.size(max(done.before - done.after, 0))
        render.line(f"✔ {format.size(done.after)}; {given} given back", "green")

    run_cancellable(shrink())


@app.command()
def check(json: AsJson = False, home: Home = None) -> None:
    """Check the file, its journal, and that the contents of artifacts are there.

    Exits with 1 if something is wrong.
    """
    context = find_store(home)

    async def look() -> list[str]:
        async with open_care(context.environment, context.settings) as care:
            return list(await care.check())

    faults = run_cancellable(look())
    if json:
        render.envelope("checked", time.time(), list[object](faults), is_intact=not faults)
    else:
        for fault in faults:
            render.line(f"✖ {format.one_line(fault)}", "red")
        if not faults:
            render.line("✔ intact: the file, the journal, and the contents of artifacts", "green")
    if faults:
        raise typer.Exit(Exit.FAILED)
