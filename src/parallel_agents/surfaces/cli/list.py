"""`pagents list`: teams and sessions, and how they are doing."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_reader
from parallel_agents.core.row import Row
from parallel_agents.core.store import Filter
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, find_store
from parallel_agents.surfaces.cli.session_table import line_json, print_lines
from parallel_agents.views.sessions import SessionLine, lines_of

_RECENT_SECONDS = 3600.0


def list_sessions(
    name: Annotated[
        str | None, typer.Argument(help="Only this session and what it spawned.", metavar="[NAME]")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Include sessions that ended long ago.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """List teams and sessions that are live or ended in the last hour."""
    context = find_store(home)

    async def look() -> tuple[list[SessionLine], int]:
        async with open_reader(context.environment, context.settings) as client:
            if name is not None:
                rows = await _tree(client, await client.sessions.find(name))
                return lines_of(await client.journal.look(rows), client.readiness.lacks), len(rows)
            roots = await client.sessions.list(Filter(roots_only=True))
            recent = time.time() - _RECENT_SECONDS
            shown = [row for row in roots if everything or _is_recent(row, recent)]
            seen = await client.journal.look(shown)
            return lines_of(seen, client.readiness.lacks), len(roots)

    lines, total = asyncio.run(look())
    if json:
        render.envelope("list", time.time(), [line_json(line) for line in lines], total=total)
        return
    print_lines(lines)
    if len(lines) < total:
        render.note(f"{len(lines)} of {total} shown (live, or ended in the last hour). All: --all")


async def _tree(client: Client, root: Row) -> list[Row]:
    """A session and everything that it spawned, newest first; a team's own in the order of its tasks."""
    rows = await client.sessions.list(Filter(tree=root.session.key))
    first = [root, *(m for m in await client.sessions.members(root) if m.run.id != root.run.id)]
    known = {row.session.key for row in first}
    return [*first, *(row for row in rows if row.session.key not in known)]


def _is_recent(row: Row, since: float) -> bool:
    return not row.run.status.is_over or (row.run.finished_at or 0.0) >= since
