"""Live lines: a board as the lines of a live view that fits the terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len
from rich.text import Text

from parallel_agents.core.run import RunStatus
from parallel_agents.views import cells, format
from parallel_agents.views.board import Board, Lane, doing_at, seconds_at
from parallel_agents.views.signs import sign_of
from parallel_agents.views.states import style

_SHOWN = 12
_LEAST_LABEL = 12
_WRITTEN = 6
_BLANKS = "  "
_LOST = (RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.OVER_BUDGET, RunStatus.KILLED)
_BESIDE = 4 * len(_BLANKS) + 1  # the gaps and the glyph of a line


class Size(NamedTuple):
    """The cells of a line, and how many lines there may be."""

    width: int
    height: int


def drawn(board: Board, now: float, began_at: float, size: Size, written: str) -> list[Text]:
    """At most twelve live lanes, the end of what one agent has `written`, and a line of totals."""
    waiting = [lane for lane in board.lanes.values() if not lane.status.is_over]
    # Those that run go before those that wait; within both the order of the team stays.
    waiting.sort(key=lambda lane: lane.status is RunStatus.QUEUED)
    totals = _totals(board, now - began_at, size.width)
    room = size.height - len(totals)
    shown = min(len(waiting), _SHOWN, room)
    if shown < len(waiting):
        shown = min(shown, max(room - 1, 0))
    lines = _lanes(waiting[:shown], now, size.width)
    if shown < len(waiting) and room > len(lines):
        lines.append(Text(f"  … {len(waiting) - shown} more", style="dim"))
    if written and len(waiting) == 1:
        lines += _written(written, size.width, min(room - len(lines), _WRITTEN))
    return [*lines, *totals]


def _lanes(lanes: Sequence[Lane], now: float, width: int) -> list[Text]:
    """A line for each: its state, its label, its time, and what it is doing."""
    labels = [_plain(lane.label) for lane in lanes]
    worked = [seconds_at(lane, now) for lane in lanes]
    times = ["" if each is None else format.seconds(each) for each in worked]
    widest = max(map(cell_len, labels), default=0)
    of_times = max(map(len, times), default=0)
    room = max(width - of_times - _BESIDE, 0)
    of_labels = min(widest, format.LABEL_WIDTH, max(width * 2 // 5, _LEAST_LABEL), room)
    lines: list[Text] = []
    fitting = cells.apart(labels, of_labels)
    for lane, label, time in zip(lanes, labels, times, strict=True):
        fitted = fitting[label]
        line = Text(_BLANKS)
        line.append(sign_of(lane.state), style(lane.state, lane.status))
        line.append(f"{_BLANKS}{fitted}{' ' * (of_labels - cell_len(fitted))}{_BLANKS}")
        line.append(f"{time:>{of_times}}{_BLANKS}")
        line.append(cells.ended(_plain(doing_at(lane, now)), max(width - line.cell_len, 0)), "dim")
        lines.append(line)
    return lines


def _written(text: str, width: int, most: int) -> list[Text]:
    """The last lines of what an agent is writing."""
    if most <= 0:
        return []
    lines = cells.wrapped(cells.steady(format.clean(text)).strip(), width - 4)[-most:]
    return [Text(f"    {cells.ended(line, width - 4)}", style="dim italic") for line in lines]


def _totals(board: Board, seconds: float, width: int) -> list[Text]:
    """The totals, on as many lines as they need: none of them is broken."""
    lost = [f"{n} {format.status(each)}" for each in _LOST if (n := board.count(each))]
    parts = [
        *finished(board),
        *board.counts,
        *lost,
        format.seconds(seconds),
        format.tokens(board.spend),
        format.money(board.spend),
    ]
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(lines[-1]) + 3 + cell_len(part) <= width:
            lines[-1] += f"   {part}"
        else:
            lines.append(f"{_BLANKS}{part}")
    return [Text(line, style="bold") for line in lines]


def _plain(text: str) -> str:
    return cells.steady(format.one_line(text)).replace("\t", " ")


def finished(board: Board) -> tuple[str, ...]:
    """How many have finished; nothing before it is known how many there are."""
    return tuple(f"{counts} finished" for counts in counted(board))


def counted(board: Board) -> tuple[str, ...]:
    """How many of how many, of a map its rows; nothing before it is known how many there are."""
    if board.rows is not None:
        return (f"{board.rows_over:,}/{board.rows:,} rows",)
    return (f"{board.over}/{len(board.lanes)}",) if board.lanes else ()
