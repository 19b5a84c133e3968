"""`pagents workspaces`: list the copies that sessions work in, and remove those that are done with."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.ids import short
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.lock import hold
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, find_store
from parallel_agents.surfaces.cli.list_shown import print_list
from parallel_agents.surfaces.cli.output_option import Output
from parallel_agents.surfaces.workspace_parts import find_parts
from parallel_agents.views import format
from parallel_agents.views.documents import changes_json
from parallel_agents.workspaces.tending import Kept, finish_removals, remove, workspaces_in

_TITLES = ("ID", "WHO", "OF", "STATE", "UNMERGED", "SIZE", "AGE")

app = typer.Typer(no_args_is_help=True)


class _Line(NamedTuple):
    """A workspace with its session; `why_kept` says what speaks against removing it."""

    kept: Kept
    row: Row | None
    why_kept: str

    @property
    def is_live(self) -> bool:
        return self.row is not None and not self.row.run.status.is_over

    @property
    def state(self) -> str:
        if self.is_live:
            return "at work"
        if self.kept.record is None:
            return "half made"
        if self.kept.unmerged is None:
            return "unreadable"
        return "unmerged" if self.kept.unmerged.files else "merged or unchanged"

    @property
    def made_at(self) -> float | None:
        return None if self.kept.record is None else self.kept.record.made_at

    @property
    def name(self) -> str:
        session = self.kept.room.session
        return short(session) if session else self.kept.room.folder.name


@app.command("list")
def list_workspaces(json: AsJson = False, output: Output = None, home: Home = None) -> None:
    """List the workspaces of sessions, with what is not merged yet and their sizes."""
    context = find_store(home)
    lines = run_cancellable(_look(context))
    if json:
        render.envelope("workspaces", time.time(), [_json(line) for line in lines])
        return
    if not lines:
        render.note("There are no workspaces.")
        return
    now = time.time()
    rows = [
        (
            line.name,
            line.row.session.label if line.row else "(its session is gone)",
            line.kept.record.source if line.kept.record else "",
            line.state,
            format.changes(line.kept.unmerged) if line.kept.unmerged else "",
            format.size(line.kept.size),
            "" if line.made_at is None else format.seconds(max(0.0, now - line.made_at)),
        )
        for line in lines
    ]
    print_list(output, _TITLES, rows, right=("SIZE",), flexible="OF")
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
    if force and not names and not everything:
        raise InvalidInput(
            "--force removes work that is not merged",
            why="no workspace is named",
            hint="name the workspaces, or add --all to remove every one",
        )
    context = find_store(home)

    async def run() -> list[_Line]:
        lines = await _look(context)
        chosen = await _folders(context, names) if names else None
        return [
            await _clean_one(line, lines)
            for line in lines
            if chosen is None or line.kept.room.folder in chosen
        ]

    async def _clean_one(line: _Line, lines: Sequence[_Line]) -> _Line:
        oldest = None if everything or names else time.time() - context.settings.workspace_seconds
        why = _why_kept(line, lines, oldest=oldest, force=force)
        if not why and not dry_run:
            async with hold(line.kept.room.lock):
                await asyncio.to_thread(remove, line.kept.room)
        return line._replace(why_kept=why)

    if not dry_run:
        finish_removals(context.environment.home)
    lines = run_cancellable(run())
    gone = [line for line in lines if not line.why_kept]
    if json:
        items = [_json(line) for line in gone]
        render.envelope("workspaces", time.time(), items, dry_run=dry_run)
        return
    for line in lines:
        if line.why_kept:
            render.note(f"{line.name} stays: {line.why_kept}")
    total = format.size(sum(line.kept.size for line in gone))
    count = "1 workspace" if len(gone) == 1 else f"{len(gone)} workspaces"
    render.line(f"{count} {'would be removed' if dry_run else 'removed'}, {total}")


def _why_kept(line: _Line, lines: Sequence[_Line], *, oldest: float | None, force: bool) -> str:
    """What speaks against removing a workspace; empty if nothing does."""
    if line.is_live:
        return "a run is at work in it"
    above = [
        each.name
        for each in lines
        if each.kept.record
        and each.kept.record.parent == line.kept.room.session
        and not each.kept.may_go
    ]
    if above and not force:
        return f"changes of {above[0]} are to be merged into it"
    if not line.kept.may_go and not force:
        if line.kept.unmerged is None:
            return "it cannot be told whether all is merged; --force removes it"
        return f"{format.changes(line.kept.unmerged)}, not merged; --force removes it"
    if oldest is not None and line.made_at is not None and _ended_at(line) > oldest:
        return "it is younger than workspace_seconds; --all removes it"
    return ""


def _ended_at(line: _Line) -> float:
    ended = line.row.run.finished_at if line.row is not None else None
    return ended or line.made_at or 0.0


async def _look(context: CliContext) -> list[_Line]:
    async with open_reader(context.environment, context.settings) as reader:
        found = await asyncio.to_thread(workspaces_in, context.environment.home)
        return [_Line(kept, await _row_of(reader, kept), "") for kept in found]


async def _folders(context: CliContext, names: Sequence[str]) -> set[Path]:
    home = context.environment.home
    async with open_reader(context.environment, context.settings) as reader:
        return {
            part.room.folder
            for name in names
            for part in await find_parts(reader.sessions, home, name)
        }


async def _row_of(reader: Reader, kept: Kept) -> Row | None:
    if not kept.room.session:
        return None
    rows = await reader.sessions.list(Filter(session=kept.room.session))
    return rows[0] if rows else None


def _json(line: _Line) -> dict[str, object]:
    kept = line.kept
    return {
        "id": line.name,
        "session_key": kept.room.session,
        "label": line.row.session.label if line.row else None,
        "source": kept.record.source if kept.record else None,
        "workspace": str(kept.room.files(kept.record)) if kept.record else str(kept.room.folder),
        "state": line.state,
        "unmerged": changes_json(kept.unmerged),
        "bytes": kept.size,
        "made_at": format.iso(line.made_at),
    }
