"""`pagents list`: teams and sessions, and how they are doing."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Annotated, NamedTuple

import typer

from parallel_agents.app.reading import Reader, open_reader
from parallel_agents.core.filter import Filter
from parallel_agents.core.row import Row
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.pages import Limit, most
from parallel_agents.surfaces.cli.session_table import line_json, print_lines
from parallel_agents.views import format
from parallel_agents.views.sessions import SessionLine, lines_of

_RECENT_SECONDS = 3600.0
_SHOWN = 50


class _Found(NamedTuple):
    """The sessions that are shown, and how many there are.

    Attributes:
        matching: how many match, on this page and on others.
        total: how many there are, whether they are recent or not.
    """

    lines: list[SessionLine]
    matching: int
    total: int


def list_sessions(
    name: Annotated[
        str | None, typer.Argument(help="Only this session and what it spawned.", metavar="[NAME]")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Include sessions that ended long ago.")
    ] = False,
    limit: Limit = _SHOWN,
    after: Annotated[
        str | None,
        typer.Option("--after", help="Begin after this session of the list.", metavar="ID"),
    ] = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """List teams and sessions that are live or ended in the last hour, newest first."""
    context = find_store(home)

    async def look() -> _Found:
        async with open_reader(context.environment, context.settings) as client:
            start = None if after is None else await client.sessions.find(after)
            if name is not None:
                root = await client.sessions.find(name)
                rows = await _tree(client, root, most(limit), start)
                matching = total = await client.journal.count_rows(Filter(tree=root.session.key))
            else:
                since = None if everything else time.time() - _RECENT_SECONDS
                chosen = Filter(roots_only=True, since=since)
                key = None if start is None else start.session.key
                rows = await client.sessions.list(replace(chosen, limit=most(limit), after=key))
                matching = await client.journal.count_rows(chosen)
                total = await client.journal.count_rows(Filter(roots_only=True))
            lines = lines_of(await client.journal.look(rows), client.lacks)
            return _Found(lines, matching, total)

    found = run_cancellable(look())
    if json:
        items = [line_json(line) for line in found.lines]
        render.envelope("list", time.time(), items, total=found.total)
        return
    print_lines(found.lines)
    if note := _note(found, is_first=after is None):
        render.note(note)


def _note(found: _Found, *, is_first: bool) -> str:
    """What is not shown, and how to see it."""
    shown = len(found.lines)
    recent = " (live, or ended in the last hour)" if found.matching < found.total else ""
    everything = "; all: --all" if recent else ""
    if shown and (shown < found.matching or not is_first):
        last = format.name(found.lines[-1].row)
        return f"{shown:,} of {found.matching:,} shown{recent}{everything}; next: --after {last}"
    return f"{shown:,} of {found.total:,} shown{recent}{everything}" if recent else ""


async def _tree(client: Reader, root: Row, limit: int, after: Row | None) -> list[Row]:
    """A session and everything that it spawned, newest first; a team's own in the order of its tasks."""
    runs = [run for run in await client.sessions.member_runs(root) if run != root.run.id]
    start = None
    first = [root]
    if after is not None and after.session.key != root.session.key:
        is_member = after.run.id in runs
        runs = runs[runs.index(after.run.id) + 1 :] if is_member else []
        start = None if is_member else after.session.key
    if after is not None:
        first = []
    page = runs[: limit - len(first)]
    rows = [*first, *await client.sessions.rows_of(page)]
    if len(rows) == limit or len(page) < len(runs):
        return rows
    members = await client.sessions.member_runs(root)
    below = Filter(tree=root.session.key, after=start, limit=limit + len(members) + 1)
    known = {root.run.id, *members}
    others = (r for r in await client.sessions.list(below) if r.run.id not in known)
    return [*rows, *others][:limit]
