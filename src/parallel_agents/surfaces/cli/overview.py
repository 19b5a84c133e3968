"""Overview: all live work in one live view, a line for each team, flow and session without a parent."""

from __future__ import annotations

import asyncio
import time

import typer

from parallel_agents.app.reading import Reader, open_follower
from parallel_agents.core.filter import Filter
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.session_table import doing, shown_state
from parallel_agents.views import format
from parallel_agents.views.board import Board, Lane
from parallel_agents.views.sessions import SessionLine, lines_of

_LOOK_SECONDS = 1.0
_MOST_LOOKED_AT = 200


def watch_all(context: CliContext, style: progress.Style) -> None:
    """Show all live work until none is left; a Ctrl-C leaves it, says so, and exits with 130.

    Work that no process executes is shown, and is not waited for.
    """
    try:
        run_cancellable(_show(context, style))
    except KeyboardInterrupt:
        render.note("Left; what is live continues. Attach to one with: pagents watch NAME")
        raise typer.Exit(Exit.INTERRUPTED) from None


async def _show(context: CliContext, style: progress.Style) -> None:
    board = Board({})
    async with open_follower(context.environment, context.settings) as client:
        render.note("Ctrl-C leaves this view, and ends nothing. One of them: pagents watch NAME")
        with progress.choose(style, board) as shown:
            async with progress.ticking(shown):
                while await _look(client, board, shown):  # noqa: ASYNC110 - it waits for time to pass
                    await asyncio.sleep(_LOOK_SECONDS)
    render.note("Nothing is live any more. Results: pagents list, pagents show NAME")


async def _look(client: Reader, board: Board, shown: progress.Progress) -> bool:
    """Take what has changed into the board; whether anything is worked on."""
    await client.notice_deaths()
    chosen = Filter(roots_only=True, is_live=True, limit=_MOST_LOOKED_AT)
    live = await client.sessions.list(chosen)
    known = {row.run.id for row in live}
    ended = [run for run, lane in board.lanes.items() if run not in known and _is_live(lane)]
    rows = [*live, *await client.sessions.rows_of(ended)]
    lines = lines_of(await client.journal.look(rows), client.lacks)
    for line in lines:
        lane = _lane(line)
        before = board.lanes.get(line.row.run.id)
        board.lanes[line.row.run.id] = lane
        if before is None or (before.status, before.doing) != (lane.status, lane.doing):
            shown.changed(lane, time.time())
        if line.row.run.status.is_over:
            with shown.aside():
                _tell(line)
    return any(not line.is_stopped and not line.row.run.status.is_over for line in lines)


def _is_live(lane: Lane) -> bool:
    return not lane.status.is_over


def _tell(line: SessionLine) -> None:
    name, label = format.name(line.row), format.one_line(line.row.session.label)
    render.line(f"{shown_state(line)}  {label}  {name}", format.style(line.row.run.status))


def _lane(line: SessionLine) -> Lane:
    run = line.row.run
    name = format.name(line.row)
    state = f"stopped; continue with: pagents resume {name}; " if line.is_stopped else ""
    spent = run.seconds_until(line.until)
    return Lane(
        label=line.row.session.label,
        status=run.status,
        doing=f"{name}  {state}{doing(line)}",
        began_at=None if spent is None else line.until - spent,
        spend=line.spend,
    )
