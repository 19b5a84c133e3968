"""Overview: all live work in one live view, a line for each team, flow and session without a parent."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence

import typer

from parallel_agents.app.reading import Reader, open_follower
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId
from parallel_agents.interrupts import run_cancellable
from parallel_agents.surfaces.cli import progress, render
from parallel_agents.surfaces.cli.context import CliContext
from parallel_agents.surfaces.cli.exits import Exit
from parallel_agents.surfaces.cli.invocation import as_called
from parallel_agents.views import format
from parallel_agents.views.board import Board, Lane
from parallel_agents.views.sessions import SessionLine, doing_told, lines_of
from parallel_agents.views.states import shown_state, style_of

_LOOK_SECONDS = 1.0
_MOST_LOOKED_AT = 200


def watch_all(context: CliContext, style: progress.Style) -> None:
    """Show all live work until none is left; a Ctrl-C leaves it, says so, and exits with 130.

    Work that no process executes is told once, and is not waited for.
    """
    try:
        run_cancellable(_show(context, style))
    except KeyboardInterrupt:
        render.note("Left; what is live continues. Attach to one with: pagents watch NAME")
        raise typer.Exit(Exit.INTERRUPTED) from None


async def _show(context: CliContext, style: progress.Style) -> None:
    board = Board({})
    stopped: set[RunId] = set()
    async with open_follower(context.environment, context.settings) as client:
        lines = await _lines(client, board)
        if any(map(_is_worked_on, lines)):
            render.note(
                "Ctrl-C leaves this view, and ends nothing. One of them: pagents watch NAME"
            )
        # The first frame has what is known already.
        board.lanes |= {each.row.run.id: _lane(each) for each in lines if _is_worked_on(each)}
        with progress.choose(style, board) as shown:
            async with progress.ticking(shown):
                _take(lines, board, stopped, shown)
                while any(map(_is_worked_on, lines)):
                    await asyncio.sleep(_LOOK_SECONDS)
                    lines = await _lines(client, board)
                    _take(lines, board, stopped, shown)
    told = (
        "Nothing runs any more; pagents list state:stopped lists what can be continued"
        if stopped
        else "Nothing is live any more"
    )
    render.note(f"{told}. Results: pagents list, pagents show NAME")


def _is_worked_on(line: SessionLine) -> bool:
    return not line.is_stopped and not line.row.run.status.is_over


async def _lines(client: Reader, board: Board) -> Sequence[SessionLine]:
    """What is live now, and what on the board has ended."""
    await client.notice_deaths()
    chosen = Filter(roots_only=True, is_live=True, limit=_MOST_LOOKED_AT)
    live = await client.sessions.list(chosen)
    known = {row.run.id for row in live}
    ended = [run for run, lane in board.lanes.items() if run not in known and _is_live(lane)]
    rows = [*live, *await client.sessions.rows_of(ended)]
    return lines_of(await client.journal.look(rows), client.lacks)


def _take(
    lines: Sequence[SessionLine], board: Board, stopped: set[RunId], shown: progress.Progress
) -> None:
    """Take what has changed into the board, and tell what has ended or was stopped."""
    for line in lines:
        run = line.row.run.id
        if line.is_stopped:
            board.lanes.pop(run, None)
            if run not in stopped:
                with shown.aside():
                    _tell(line)
            stopped.add(run)
            continue
        stopped.discard(run)
        lane, before = _lane(line), board.lanes.get(run)
        board.lanes[run] = lane
        if before is None or (before.status, before.doing) != (lane.status, lane.doing):
            shown.changed(lane, time.time())
        if line.row.run.status.is_over:
            with shown.aside():
                _tell(line)


def _is_live(lane: Lane) -> bool:
    return not lane.status.is_over


def _tell(line: SessionLine) -> None:
    name, label = format.name(line.row), format.one_line(line.row.session.label)
    way_on = f"  Continue with: pagents resume {name}" if line.is_stopped else ""
    render.line(f"{shown_state(line)}  {label}  {name}{as_called(way_on)}", style_of(line))


def _lane(line: SessionLine) -> Lane:
    run = line.row.run
    name = format.name(line.row)
    spent = line.seconds
    return Lane(
        label=line.row.session.label,
        status=run.status,
        doing=f"{name}  {doing_told(line)}",
        needed=line.needed,
        is_retrying=line.retry is not None,
        began_at=None if spent is None else line.until - spent,
        spend=line.spend,
    )
