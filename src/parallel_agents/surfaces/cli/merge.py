"""`pagents merge`: bring what sessions changed in their workspaces back into the folders they came from."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from parallel_agents.app.reading import open_reader
from parallel_agents.app.tended_workspaces import merged_of, parts_to_merge
from parallel_agents.app.tending import open_workspaces
from parallel_agents.app.workspace_parts import Part
from parallel_agents.core.budget import OnLimit
from parallel_agents.core.ids import short
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.core.workspace_verbs import Conflicts, LeftOut, MergedWorkspace
from parallel_agents.errors import InvalidInput, NotAtDistance
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
from parallel_agents.views import format
from parallel_agents.workspaces.resolving import Resolution
from parallel_agents.workspaces.returning import Merged, merge as merge_one, sole_writer

if TYPE_CHECKING:
    from parallel_agents.surfaces.cli.resolve import Resolved, Resolver


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
    work = _AskedMerge(name, every, dry_run, conflicts)
    if context.environment.gateway:
        if is_resolved:
            raise NotAtDistance(
                "--resolve is not possible over --url",
                why="an agent resolves conflicts in the folder of the machine that has it",
                hint=f"type it there: ssh BOX pagents merge {name} --resolve",
            )
        done = _merge_at_distance(context, work)
    else:
        chosen = _resolver(home, resolver, *asked) if is_resolved else None
        done = _merge_here(context, work, chosen)
    told: list[_Done] = []
    for each in done:
        told.append(each)
        if not json:
            _print(each, is_dry=dry_run)
    if json:
        render.envelope("merge", time.time(), [_json(each) for each in told], dry_run=dry_run)
    if any(each.merged.conflicts for each in told):
        raise typer.Exit(Exit.PARTIAL)


class _AskedMerge(NamedTuple):
    """What is to be merged, and how."""

    name: str
    every: bool
    is_dry: bool
    conflicts: Conflicts


class _Done(NamedTuple):
    """What became of one workspace; `answers` are those of an agent to its conflicts, if one was asked."""

    merged: MergedWorkspace
    answers: Resolved | None = None

    @property
    def conflicts(self) -> list[LeftOut]:
        """The files that are left out, with why an agent did not resolve them."""
        left = self.answers.left if self.answers else {}
        return [
            replace(each, why=f"{each.why}; {left[each.path]}") if each.path in left else each
            for each in self.merged.conflicts
        ]

    @property
    def spend(self) -> Spend:
        """What the agent used."""
        return self.answers.spend if self.answers else Spend()

    @property
    def diffs(self) -> dict[str, str]:
        """How files in conflict were resolved, by their paths."""
        diffs = self.answers.diffs if self.answers else {}
        left = {each.path for each in self.merged.conflicts}
        return {path: diff for path, diff in diffs.items() if path not in left}


def _merge_at_distance(context: CliContext, work: _AskedMerge) -> Iterator[_Done]:
    """Have the gateway merge into the folders of its machine."""

    async def merge_there() -> Sequence[MergedWorkspace]:
        async with open_workspaces(context.environment, context.settings) as workspaces:
            return await workspaces.merge(
                work.name, every=work.every, dry_run=work.is_dry, conflicts=work.conflicts
            )

    yield from (_Done(each) for each in run_cancellable(merge_there()))


def _merge_here(
    context: CliContext, work: _AskedMerge, resolver: Resolver | None
) -> Iterator[_Done]:
    """Merge one workspace after the other into the folders of this machine."""
    conflicts = work.conflicts
    for part in run_cancellable(_parts(context, work.name, every=work.every)):
        answers: Resolved | None = None
        if resolver is not None:
            from parallel_agents.surfaces.cli.resolve import resolve  # noqa: PLC0415 - few need models

            clashes = run_cancellable(_merge_one(context, part, conflicts, is_dry=True)).clashes
            answers = resolve(context, part, clashes, resolver)
        files = answers.files if answers else {}
        merged = run_cancellable(_merge_one(context, part, conflicts, files, is_dry=work.is_dry))
        yield _Done(merged_of(part, merged), answers)


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


def _resolver(
    home: Path | None,
    resolver: str | None,
    model: str | None,
    usd: float | None,
    tokens: int | None,
    on_limit: OnLimit | None,
    timeout: float | None,
    cache: float | None,
) -> Resolver:
    """Who resolves conflicts; one who cannot is refused, also if there will be none.

    Raises:
        PagentsError: as for `find_resolver`.
    """
    from parallel_agents.surfaces.cli.resolve import DEFAULT, Resolver, find_resolver  # noqa: PLC0415

    find_resolver(find_catalog(home), resolver or DEFAULT)
    budget = budget_of(usd, tokens, on_limit)
    return Resolver(resolver or DEFAULT, model, budget, timeout, cache)


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
    async with open_reader(context.environment, context.settings) as reader:
        return await parts_to_merge(reader.sessions, context.environment.home, name, every=every)


def _print(done: _Done, *, is_dry: bool) -> None:
    merged = done.merged
    label = f"{merged.label} {short(merged.session)}"
    if merged.was_broken_off:
        render.note("A merge that was broken off was finished first.")
    count = len(merged.changed)
    files = "1 file" if count == 1 else f"{count} files"
    verb = "would change" if is_dry else "changed"
    if not count and not merged.conflicts:
        already = " (already merged)" if merged.already_merged else ""
        render.line(f"✔ {label}  nothing to merge{already}")
        return
    left = len(merged.conflicts)
    conflicts = f", {left} left out" if left else ""
    glyph = "◐" if left else "✔"
    render.line(f"{glyph} {label}  {files} {verb} in {merged.source}{conflicts}")
    for path in merged.changed:
        resolved = "  (resolved, see below)" if path in done.diffs else ""
        render.line(f"  {format.one_line(path)}{resolved}")
    for each in done.conflicts:
        told = f"{format.one_line(each.path)}: {format.one_line(each.why)}"
        render.line(f"  conflict  {told}", "yellow")
    for diff in done.diffs.values():
        for text in diff.splitlines():
            render.line(text)
    if done.spend.calls:
        render.note(f"The agent that was asked cost {format.money(done.spend)}.")
    if left:
        render.note(
            f"Your files with conflicts are as they were. The other versions are in {merged.workspace};"
            f" --conflicts markers writes both into yours, and --resolve lets an agent merge them."
        )


def _json(done: _Done) -> dict[str, Json]:
    merged = done.merged
    return {
        "id": short(merged.session),
        "session_key": merged.session,
        "label": merged.label,
        "source": merged.source,
        "workspace": merged.workspace,
        "changed": list(merged.changed),
        "conflicts": [{"path": each.path, "why": each.why} for each in done.conflicts],
        "resolved": [{"path": path, "diff": diff} for path, diff in done.diffs.items()],
        "cost_usd": done.spend.cost_usd,
        "already_merged": merged.already_merged,
    }
