"""Card: a run in a notebook: state, counts, cost, its sessions, and what failed first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from html import escape

from parallel_agents.views import cells, format
from parallel_agents.views.sessions import SessionLine, state_told
from parallel_agents.views.states import mark_of, needs_text

_MOST_ROWS, _LABEL_WIDTH = 50, 40
_TITLES = ("", "agent", "doing", "time", "cost")


def card_of(top: SessionLine, lines: Sequence[SessionLine]) -> str:
    """The card as HTML, in which what a model wrote is only text."""
    shown = [line for line in lines if not line.row.run.kind.is_group] or [top]
    rows = "".join(_row("td", _cells(line)) for line in shown[:_MOST_ROWS])
    left = len(shown) - _MOST_ROWS
    rest = f"<div>and {left:,} more</div>" if left > 0 else ""
    head = escape(head_of(top, shown))
    return f"<div><b>{head}</b></div><table>{_row('th', _TITLES)}{rows}</table>{rest}"


def text_of(top: SessionLine, lines: Sequence[SessionLine]) -> str:
    """The card as plain text."""
    shown = [line for line in lines if not line.row.run.kind.is_group] or [top]
    rows = ["  ".join(filter(None, _cells(line))) for line in shown[:_MOST_ROWS]]
    left = len(shown) - _MOST_ROWS
    return "\n".join([head_of(top, shown), *rows, *([f"and {left:,} more"] if left > 0 else [])])


def head_of(top: SessionLine, shown: Sequence[SessionLine]) -> str:
    """One line: the state, how many of what, the time and the cost."""
    counts = Counter(line.state for line in shown if not line.counts_no_more)
    told = ", ".join(f"{count:,} {state}" for state, count in counts.items())
    seconds = top.seconds
    took = "" if seconds is None else format.seconds(seconds)
    spent = format.money(top.spend) if top.spend.calls else ""
    label = format.one_line(top.row.session.label)
    parts = (f"{mark_of(top)} {label}", told, needs_text(top), took, spent)
    return " · ".join(filter(None, parts))


def _cells(line: SessionLine) -> tuple[str, ...]:
    run = line.row.run
    seconds = line.seconds
    doing = (
        f"{state_told(line)} {run.error_code}"
        if run.error_code
        else line.asks or line.doing or line.state
    )
    return (
        f"{mark_of(line)} {cells.middle(format.one_line(line.row.session.label), _LABEL_WIDTH)}",
        line.row.session.agent.name,
        format.cut(doing, 80),
        "" if seconds is None else format.seconds(seconds),
        format.money(line.spend) if line.spend.calls else "",
    )


def _row(kind: str, cells: Sequence[str]) -> str:
    return f"<tr>{''.join(f'<{kind}>{escape(cell)}</{kind}>' for cell in cells)}</tr>"
