"""`pagents kill`: end a run and everything that it spawned."""

from __future__ import annotations

import sys
import time
from collections import Counter
from typing import Annotated

import typer

from parallel_agents.app.acting import open_acting
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.store import Killed
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, Name, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.views import format
from parallel_agents.views.last_tries import last_tries, options_of
from parallel_agents.views.liveness import Liveness


def kill(
    name: Name,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only print what would end.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask for confirmation.")] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """End a run and everything that it spawned.

    Runs that have ended stay as they are. The others keep the text of their last reply.
    """
    context = find_store(home)

    async def find() -> Row:
        async with open_acting(context.environment, context.settings) as client:
            return await client.sessions.find(name)

    async def end(*, is_dry: bool) -> tuple[Killed, Liveness]:
        async with open_acting(context.environment, context.settings) as client:
            liveness = Liveness.of(await client.journal.owners(), time.time())
            return await client.sessions.kill(found.session.key, dry_run=is_dry), liveness

    found = run_cancellable(find())  # once: who answers yes means what was shown
    killed, liveness = run_cancellable(end(is_dry=True))
    if killed.runs and not dry_run:
        if not (yes or json):
            _confirm(found, killed, liveness)
        killed, liveness = run_cancellable(end(is_dry=False))
    if json:
        items = [{"run_id": run.id, "session_key": run.session} for run in killed.runs]
        more = {"dry_run": dry_run, "already_over": killed.already_over}
        render.envelope("kill", time.time(), items, **more)
        return
    verb = "would end" if dry_run else "ended"
    ended = f"{verb} {count(killed.runs, liveness)}; {killed.already_over} had ended already"
    render.line(f"{_called(found)}: {ended}")
    if killed.runs and not dry_run:
        run_cancellable(_tell_rows(context, found.session.key))


def _called(row: Row) -> str:
    """The label of a session and what else it is called, so that one sees what a name meant."""
    label, name = format.one_line(row.session.label), format.name(row)
    return label if label == name else f"{label} {name}"


async def _tell_rows(context: CliContext, session: SessionKey) -> None:
    """Say of a map how many rows are done, and where the results of those are."""
    async with open_acting(context.environment, context.settings) as client:
        row = await client.sessions.find(session)
        rows = (await last_tries(client.sessions, client.journal, row)).rows
        if rows is None:
            return
        options = await options_of(client.journal, row.session.key)
        out = "" if context.environment.gateway else str(options.get("out") or "")
        where = f" The results so far are in {out}" if rows.done and out else ""
        render.note(f"{rows.done:,} of {rows.total:,} rows are done.{where}")


def _confirm(found: Row, planned: Killed, liveness: Liveness) -> None:
    """Ask before several runs end, if somebody can answer."""
    is_answerable = sys.stdin.isatty() and render.err().is_terminal
    if len(planned.runs) == 1 or not is_answerable:
        return
    if not typer.confirm(f"{_called(found)}: end {count(planned.runs, liveness)}?", err=True):
        render.note("Nothing was ended.")
        raise typer.Exit(Exit.DONE)


def count(runs: list[Run], liveness: Liveness) -> str:
    """How many agents' runs; the run of a team or a flow does no work of its own."""
    agents = [run for run in runs if not run.kind.is_group]
    if not runs:
        return "nothing"
    if not agents:
        kinds = Counter(run.kind.value for run in runs)
        return ", ".join(f"{n} {kind}s" if n > 1 else f"1 {kind}" for kind, n in kinds.items())
    stopped = sum(liveness.is_stopped(run) for run in agents)
    at_work = [run for run in agents if not liveness.is_stopped(run)]
    queued = sum(run.status is RunStatus.QUEUED for run in at_work)
    counts = f"{len(agents)} live: {len(at_work) - queued} running, {queued} queued"
    return f"{counts}, {stopped} stopped" if stopped else counts
