"""`pagents merge`: bring what sessions changed in their workspaces back into the folders they came from."""

from __future__ import annotations

import time
from collections.abc import Sequence
from functools import partial
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.tending import open_workspaces
from parallel_agents.core.budget import OnLimit
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.resolving import RESOLVER, Resolver
from parallel_agents.core.schema import Json
from parallel_agents.core.workspace_verbs import Conflicts, MergedWorkspace
from parallel_agents.errors import InvalidInput
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
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
    if is_resolved:
        from parallel_agents.surfaces.cli.resolve import merges_resolved  # noqa: PLC0415 - few need models

        chosen = _resolver(resolver, *asked)
        done = merges_resolved(context, chosen, partial(_merged, context, work))
    else:
        done = _merged(context, work)
    told: list[MergedWorkspace] = []
    for each in done:
        told.append(each)
        if not json:
            _print(each, work, is_resolved=is_resolved)
    if json:
        render.envelope("merge", time.time(), [_json(each) for each in told], dry_run=dry_run)
    if any(each.conflicts for each in told):
        raise typer.Exit(Exit.PARTIAL)


class _AskedMerge(NamedTuple):
    """What is to be merged, and how."""

    name: str
    every: bool
    is_dry: bool
    conflicts: Conflicts


def _merged(
    context: CliContext,
    work: _AskedMerge,
    session: SessionKey | None = None,
    answers: SessionKey | None = None,
    *,
    is_dry: bool | None = None,
) -> Sequence[MergedWorkspace]:
    """Merge into the folders of this machine, or of the gateway's, or foretell what that would do.

    Args:
        context: the home, and which gateway.
        work: what was asked for.
        session: one of the sessions that it names; None for all of them.
        answers: the team whose answers resolve conflicts.
        is_dry: whether to only foretell; None is as was asked for.
    """

    async def merge_them() -> Sequence[MergedWorkspace]:
        async with open_workspaces(context.environment, context.settings) as workspaces:
            return await workspaces.merge(
                work.name if session is None else session,
                every=work.every and session is None,
                dry_run=work.is_dry if is_dry is None else is_dry,
                conflicts=work.conflicts,
                answers=answers,
            )

    return run_cancellable(merge_them())


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
    agent: str | None,
    model: str | None,
    usd: float | None,
    tokens: int | None,
    on_limit: OnLimit | None,
    timeout: float | None,
    cache: float | None,
) -> Resolver:
    return Resolver(
        agent=RESOLVER if agent is None else agent,
        model=model,
        budget=budget_of(usd, tokens, on_limit),
        timeout_seconds=timeout,
        cache_seconds=cache,
    )


def _print(merged: MergedWorkspace, work: _AskedMerge, *, is_resolved: bool) -> None:
    if merged.was_broken_off:
        render.note("A merge that was broken off was finished first.")
    glyph = "◐" if merged.conflicts else "✔"
    render.line(f"{glyph} {merged.label} {merged.id}  {_summary(merged, is_dry=work.is_dry)}")
    resolved_paths = {each.path for each in merged.resolved}
    for path in merged.changed:
        if path in merged.marked:
            continue
        resolved = "  (resolved, see below)" if path in resolved_paths else ""
        render.line(f"  {format.one_line(path)}{resolved}")
    for path in sorted(resolved_paths.difference(merged.changed)):
        render.line(f"  {format.one_line(path)}  (resolved as your file is)")
    for each in merged.conflicts:
        why = f": {format.one_line(each.why)}"
        if each.path in merged.marked:
            has = "would have" if work.is_dry else "now has"
            edit = "" if work.is_dry else "; edit it"
            why = f" {has} both versions between conflict marks{edit}"
        render.line(f"  conflict  {format.one_line(each.path)}{why}", "yellow")
    for each in merged.resolved:
        for text in each.diff.splitlines():
            render.line(text)
    if merged.spend.calls:
        is_known = merged.spend.cost_usd is not None
        cost = (
            format.money(merged.spend) if is_known else "an unknown amount: its model has no price"
        )
        render.note(f"The agent that was asked cost {cost}.")
    if len(merged.conflicts) > len(merged.marked):
        render.note(_advice(merged, work, is_resolved=is_resolved))


def _advice(merged: MergedWorkspace, work: _AskedMerge, *, is_resolved: bool) -> str:
    """What can be done about files that are left out, but for what was just tried."""
    stay = "would stay as they are" if work.is_dry else "are as they were"
    options: list[str] = []
    if work.conflicts is not Conflicts.MARKERS:
        options.append("--conflicts markers writes both into yours")
    if not is_resolved:
        options.append("--resolve lets an agent merge them")
    tried = f"; {', and '.join(options)}" if options else ""
    return (
        f"Your files that are left out {stay}. The other versions are in {merged.workspace}{tried}."
    )


def _summary(merged: MergedWorkspace, *, is_dry: bool) -> str:
    """How many files a merge changed and left out, or why there is none."""
    marked = len(merged.marked)
    count, left = len(merged.changed) - marked, len(merged.conflicts) - marked
    if not (count or marked or left or merged.resolved):
        if not merged.already_merged:
            return "nothing to merge: no file was changed"
        again = f"`pagents diff {merged.id} | git apply` brings it again"
        return f"nothing to merge (already merged); if you took that back, {again}"
    told: list[str] = []
    if count or not marked:
        told.append(f"{_files(count)} {'would change' if is_dry else 'changed'}")
    if marked:
        told.append(f"{_files(marked)} {'would get' if is_dry else 'got'} conflict marks")
    return f"{' and '.join(told)} in {merged.source}{f', {left} left out' if left else ''}"


def _files(count: int) -> str:
    return "1 file" if count == 1 else f"{count} files"


def _json(merged: MergedWorkspace) -> dict[str, Json]:
    return {
        "id": merged.id,
        "session_key": merged.session,
        "label": merged.label,
        "source": merged.source,
        "workspace": merged.workspace,
        "changed": list(merged.changed),
        "conflicts": [{"path": each.path, "why": each.why} for each in merged.conflicts],
        "resolved": [{"path": each.path, "diff": each.diff} for each in merged.resolved],
        "cost_usd": merged.spend.cost_usd,
        "already_merged": merged.already_merged,
    }
