"""`pagents merge`: bring what sessions changed in their workspaces back into the folders they came from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.core.ids import short
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.catalogs import find_catalog
from parallel_agents.surfaces.cli.context import (
    AsJson,
    Cache,
    CliContext,
    Home,
    ModelName,
    Name,
    Timeout,
    Tokens,
    Usd,
    WhenUsedUp,
    budget_of,
    find_store,
    find_work_context,
)
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.log_options import executes_work
from parallel_agents.surfaces.workspace_parts import Part, find_part, find_parts
from parallel_agents.views import format
from parallel_agents.workspaces.merging import Conflict, Conflicts
from parallel_agents.workspaces.resolving import Resolution
from parallel_agents.workspaces.returning import Merged, merge as merge_one, sole_writer

if TYPE_CHECKING:
    from parallel_agents.surfaces.cli.resolve import Resolved


@executes_work
def merge(
    name: Name,
    every: Annotated[
        bool,
        typer.Option(
            "--all", help="Also those of everything that it spawned, one after the other."
        ),
    ] = False,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only say what would happen.")] = False,
    conflicts: Annotated[
        Conflicts, typer.Option(help="leave: keep your file; markers: write both versions into it.")
    ] = Conflicts.LEAVE,
    is_resolved: Annotated[
        bool, typer.Option("--resolve", help="Let an agent resolve the conflicts.")
    ] = False,
    resolver: Annotated[
        str | None,
        typer.Option(help="The agent for --resolve; by default merge_resolver.", metavar="AGENT"),
    ] = None,
    model: ModelName = None,
    usd: Usd = None,
    tokens: Tokens = None,
    on_limit: WhenUsedUp = None,
    timeout: Timeout = None,
    cache: Cache = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Bring the changes of a workspace into the folder that it was made from.

    It is a three-way merge against what the folder was then. A file that both changed in the same
    place stays as you have it, and is listed; nothing is committed or staged. With --resolve an
    agent merges such a file, and you see the difference. The exit code is 3 if a file was left out.
    """
    asked = (model, usd, tokens, on_limit, timeout, cache)
    _check_resolves(is_resolved, resolver, *asked)
    context = find_work_context(home) if is_resolved else find_store(home)
    if is_resolved:
        _check_resolver(home, resolver)
    parts = run_cancellable(_parts(context, name, every=every))
    done: list[_Done] = []
    for part in parts:
        answers: Resolved | None = None
        if is_resolved:
            # Few merges need models.
            from parallel_agents.surfaces.cli.resolve import DEFAULT, Resolver, resolve  # noqa: PLC0415

            budget = budget_of(usd, tokens, on_limit)
            chosen = Resolver(resolver or DEFAULT, model, budget, timeout, cache)
            clashes = run_cancellable(_merge_one(context, part, conflicts, is_dry=True)).clashes
            answers = resolve(context, part, clashes, chosen)
        files = answers.files if answers else {}
        merged = run_cancellable(_merge_one(context, part, conflicts, files, is_dry=dry_run))
        done.append(_Done(part, merged, answers))
        if not json:
            _print(done[-1], is_dry=dry_run)
    if json:
        render.envelope("merge", time.time(), [_json(each) for each in done], dry_run=dry_run)
    if any(each.merged.conflicts for each in done):
        raise typer.Exit(Exit.PARTIAL)


class _Done(NamedTuple):
    """What became of one workspace; `answers` are those of an agent to its conflicts, if one was asked."""

    part: Part
    merged: Merged
    answers: Resolved | None

    @property
    def conflicts(self) -> list[Conflict]:
        """The files that are left out, with why an agent did not resolve them."""
        left = self.answers.left if self.answers else {}
        return [
            Conflict(path, f"{why}; {left[path]}" if path in left else why)
            for path, why in self.merged.conflicts
        ]

    @property
    def spend(self) -> Spend:
        """What the agent used."""
        return self.answers.spend if self.answers else Spend()

    @property
    def diffs(self) -> dict[str, str]:
        """How files in conflict were resolved, by their paths."""
        diffs = self.answers.diffs if self.answers else {}
        left = {path for path, _ in self.merged.conflicts}
        return {path: diff for path, diff in diffs.items() if path not in left}


def _check_resolves(is_resolved: bool, resolver: str | None, *asked: object) -> None:
    """Refuse options for an agent that is not asked for.

    Raises:
        InvalidInput: there are some.
    """
    if is_resolved:
        return
    if resolver is not None:
        raise InvalidInput("--resolver requires --resolve", hint="add --resolve")
    if any(value is not None for value in asked):
        raise InvalidInput(
            "options for a model require --resolve",
            why="a merge calls no model without it",
            hint="add --resolve, or leave them out",
        )


def _check_resolver(home: Path | None, resolver: str | None) -> None:
    """Refuse an agent that cannot resolve conflicts, also if there will be none.

    Raises:
        PagentsError: as for `find_resolver`.
    """
    from parallel_agents.surfaces.cli.resolve import DEFAULT, find_resolver  # noqa: PLC0415

    find_resolver(find_catalog(home), resolver or DEFAULT)


async def _merge_one(
    context: CliContext,
    part: Part,
    conflicts: Conflicts,
    resolved: Mapping[str, Resolution] = MappingProxyType({}),
    *,
    is_dry: bool,
) -> Merged:
    async with sole_writer(context.environment.home, part.record.source):
        return await asyncio.to_thread(
            merge_one, part.room, part.record, conflicts, is_dry=is_dry, resolved=resolved
        )


async def _parts(context: CliContext, name: str, *, every: bool) -> Sequence[Part]:
    home = context.environment.home
    async with open_reader(context.environment, context.settings) as reader:
        if every:
            parts = await find_parts(reader.sessions, home, name)
        else:
            parts = [await find_part(reader.sessions, home, name)]
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


def _print(done: _Done, *, is_dry: bool) -> None:
    part, merged, _ = done
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
        resolved = "  (resolved, see below)" if path in done.diffs else ""
        render.line(f"  {format.one_line(path)}{resolved}")
    for path, why in done.conflicts:
        render.line(f"  conflict  {format.one_line(path)}: {format.one_line(why)}", "yellow")
    for diff in done.diffs.values():
        for text in diff.splitlines():
            render.line(text)
    if done.spend.calls:
        render.note(f"The agent that was asked cost {format.money(done.spend)}.")
    if left:
        folder = part.files
        render.note(
            f"Your files with conflicts are as they were. The other versions are in {folder};"
            f" --conflicts markers writes both into yours, and --resolve lets an agent merge them."
        )


def _json(done: _Done) -> dict[str, Json]:
    part, merged, _ = done
    return {
        "id": format.name(part.row),
        "session_key": part.row.session.key,
        "label": part.row.session.label,
        "source": part.record.source,
        "workspace": str(part.files),
        "changed": list(merged.changed),
        "conflicts": [{"path": path, "why": why} for path, why in done.conflicts],
        "resolved": [{"path": path, "diff": diff} for path, diff in done.diffs.items()],
        "cost_usd": done.spend.cost_usd,
        "already_merged": merged.same,
    }
