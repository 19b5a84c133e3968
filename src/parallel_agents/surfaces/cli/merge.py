"""`pagents merge`: bring what sessions changed in their workspaces back into the folders they came from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Annotated

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.ids import short
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, CliContext, Home, Name, find_store
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.workspace_parts import Part, find_part, find_parts
from parallel_agents.views import format
from parallel_agents.workspaces.merging import Conflicts
from parallel_agents.workspaces.returning import Merged, merge as merge_one, sole_writer


def merge(
    name: Name,
    every: Annotated[
        bool, typer.Option("--all", help="Also those of all that it spawned, one after the other.")
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    conflicts: Annotated[
        Conflicts, typer.Option(help="leave: keep your file; markers: write both versions into it.")
    ] = Conflicts.LEAVE,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Bring the changes of a workspace into the folder that it was made of.

    It is a three-way merge against what the folder was then. A file that both changed in the same
    place stays as you have it, and is listed; nothing is committed or staged. Ends with 3 if a file
    was left out.
    """
    context = find_store(home)

    async def run() -> list[tuple[Part, Merged]]:
        parts = await _parts(context, name, every=every)
        done: list[tuple[Part, Merged]] = []
        for part in parts:
            async with sole_writer(context.environment.home, part.record.source):
                merged = await asyncio.to_thread(
                    merge_one, part.room, part.record, conflicts, is_dry=dry_run
                )
            done.append((part, merged))
            if not json:
                _print(part, merged, is_dry=dry_run)
        return done

    done = run_cancellable(run())
    if json:
        render.envelope("merge", time.time(), [_json(part, merged) for part, merged in done])
    if any(merged.conflicts for _, merged in done):
        raise typer.Exit(Exit.PARTIAL)


async def _parts(context: CliContext, name: str, *, every: bool) -> Sequence[Part]:
    home = context.environment.home
    async with open_reader(context.environment, context.settings) as reader:
        if every:
            parts = await find_parts(reader, home, name)
        else:
            parts = [await find_part(reader, home, name)]
    for part in parts:
        _refuse_live(part.row)
    return parts


def _refuse_live(row: Row) -> None:
    if not row.run.status.is_over:
        name = format.name(row)
        raise InvalidInput(
            f"{row.session.label} {name} is still at work in its workspace",
            why="half of its work would be merged",
            hint=f"wait for it: `pagents wait {name}`; `pagents diff {name}` shows what there is",
        )


def _print(part: Part, merged: Merged, *, is_dry: bool) -> None:
    label = f"{part.row.session.label} {short(part.row.session.key)}"
    if merged.was_broken_off:
        render.note("A merge that was broken off was finished first.")
    count = len(merged.changed)
    files = "1 file" if count == 1 else f"{count} files"
    verb = "would change" if is_dry else "changed"
    if not count and not merged.conflicts:
        already = " (already merged)" if merged.same else ""
        render.line(f"✔ {label}  nothing to merge{already}")
        return
    left = len(merged.conflicts)
    conflicts = f", {left} left out" if left else ""
    glyph = "◐" if left else "✔"
    render.line(f"{glyph} {label}  {files} {verb} in {part.record.source}{conflicts}")
    for path in merged.changed:
        render.line(f"  {format.one_line(path)}")
    for path, why in merged.conflicts:
        render.line(f"  conflict  {format.one_line(path)}: {why}", "yellow")
    if left:
        folder = part.files
        render.note(
            f"Your files with conflicts are as they were. The other versions are in {folder};"
            f" --conflicts markers writes both into yours."
        )


def _json(part: Part, merged: Merged) -> dict[str, Json]:
    return {
        "id": format.name(part.row),
        "session_key": part.row.session.key,
        "label": part.row.session.label,
        "source": part.record.source,
        "workspace": str(part.files),
        "changed": list(merged.changed),
        "conflicts": [{"path": path, "why": why} for path, why in merged.conflicts],
        "already_merged": merged.same,
    }
