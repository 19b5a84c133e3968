"""`pagents list`, `show` and `wait`: what there is, and how it stands."""

from __future__ import annotations

import asyncio
import time
from typing import Annotated

import typer

from parallel_agents.app.client import Client
from parallel_agents.app.opening import open_client
from parallel_agents.core.run import Result
from parallel_agents.core.store import Filter, Row
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import AsJson, Home, Name, Timeout, find_context
from parallel_agents.surfaces.cli.exits import Exit, exit_of
from parallel_agents.surfaces.cli.rows import line_json, print_lines, shown_state
from parallel_agents.surfaces.cli.worker_watch import WorkerWatch
from parallel_agents.views.sessions import Line, lines_of

_RECENT_SECONDS = 3600.0


def list_sessions(
    name: Annotated[
        str | None, typer.Argument(help="Only this one and what it spawned.", metavar="NAME")
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", "-a", help="Also what ended long ago.")
    ] = False,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """List teams and sessions: those that are live, and those that ended in the last hour."""
    context = find_context(home)

    async def look() -> tuple[list[Line], int]:
        async with open_client(context.environment, context.settings) as client:
            if name is not None:
                rows = await _tree(client, await client.sessions.find(name))
                return lines_of(await client.journal.look(rows)), len(rows)
            roots = await client.sessions.list(Filter(roots_only=True))
            recent = time.time() - _RECENT_SECONDS
            shown = [row for row in roots if everything or _is_recent(row, recent)]
            return lines_of(await client.journal.look(shown)), len(roots)

    lines, total = asyncio.run(look())
    if json:
        render.envelope("list", time.time(), [line_json(line) for line in lines], total=total)
        return
    print_lines(lines)
    if len(lines) < total:
        render.note(f"{len(lines)} of {total} shown (live, or ended in the last hour). All: --all")


def show(name: Name, json: AsJson = False, home: Home = None) -> None:
    """Show a team or a session, with its results; exits with the code of its status."""
    context = find_context(home)

    async def look() -> tuple[Line, list[Line], list[Result]]:
        async with open_client(context.environment, context.settings) as client:
            row = await client.sessions.find(name)
            rows = [row, *await client.sessions.members(row)]
            whole, *members = lines_of(await client.journal.look(rows))
            team = await client.sessions.team_result(row.session.key)
            return whole, members, list(team.results)

    whole, members, results = asyncio.run(look())
    row = whole.row
    if json:
        items = [render.result_json(result) for result in results]
        sessions = [line_json(member) for member in members]
        render.envelope("show", time.time(), items, session=line_json(whole), sessions=sessions)
    else:
        for result in results:
            render.result(result)
        if len(results) < len(members) or len(members) > 1:
            print_lines(members)
        render.line(f"{shown_state(whole)}  {row.session.label}  {row.session.key}")
    raise typer.Exit(exit_of(row.run.status))


def wait(
    names: Annotated[list[str], typer.Argument(help="Which to wait for.", metavar="NAME...")],
    timeout: Timeout = None,
    json: AsJson = False,
    home: Home = None,
) -> None:
    """Wait for sessions to be over, and print their results; a timeout leaves them running."""
    context = find_context(home)

    async def until_over() -> list[Result]:
        async with open_client(context.environment, context.settings) as client:
            rows = [await client.sessions.find(name) for name in names]
            runs = [member.run.id for row in rows for member in await client.sessions.members(row)]
            watch = WorkerWatch(client, rows)
            keeping = asyncio.create_task(watch.keep())
            try:
                return await client.sessions.wait(runs, timeout=timeout)
            except TimeoutError:
                rest = "it goes on" if len(runs) == 1 else "they go on"
                render.note(f"Not over in {timeout:g} s{'' if watch.left else f'; {rest}'}.")
                raise typer.Exit(Exit.TIMED_OUT) from None
            finally:
                keeping.cancel()
                await asyncio.wait({keeping})

    results = asyncio.run(until_over())
    if json:
        render.envelope("wait", time.time(), [render.result_json(result) for result in results])
    else:
        for result in results:
            render.result(result)
    raise typer.Exit(_worst(results))


async def _tree(client: Client, root: Row) -> list[Row]:
    """A session and all that it spawned, the newest first; a team's own in the order of its tasks."""
    rows = await client.sessions.list(Filter(tree=root.session.key))
    first = [root, *(m for m in await client.sessions.members(root) if m.run.id != root.run.id)]
    known = {row.session.key for row in first}
    return [*first, *(row for row in rows if row.session.key not in known)]


def _is_recent(row: Row, since: float) -> bool:
    return not row.run.status.is_over or (row.run.finished_at or 0.0) >= since


def _worst(results: list[Result]) -> Exit:
    """The code for several: theirs when they agree, partial when some are done, else failed."""
    codes = {exit_of(result.status) for result in results}
    if len(codes) == 1:
        return codes.pop()
    return Exit.PARTIAL if Exit.DONE in codes else Exit.FAILED
