"""Top head: the line at the top: how far all of it is, who needs a person, and what is behind."""

from __future__ import annotations

from collections import Counter

from rich.cells import cell_len

from parallel_agents.core.run import RunStatus
from parallel_agents.surfaces.cli.top_rows import head_line
from parallel_agents.surfaces.cli.top_seen import Seen
from parallel_agents.views import format
from parallel_agents.views.sessions import INTERRUPTED, STOPPED

_CELLS, _LEAST_WIDTH = 16, 90
_DONE, _WAITING = format.status(RunStatus.DONE), format.status(RunStatus.QUEUED)
_MARKS = {_DONE: "█", _WAITING: "░", STOPPED: "■", INTERRUPTED: "■"}
_OVER = frozenset(format.status(each) for each in RunStatus if each.is_over)


def head(seen: Seen, width: int, note: str = "") -> str:
    """The line; a terminal that is not wide has no bar."""
    bar = state_bar(seen)
    if not bar or width < _LEAST_WIDTH:
        return head_line(seen, width, note)
    return f"{bar}   {head_line(seen, width - cell_len(bar) - 3, note)}"


def state_bar(seen: Seen) -> str:
    """The sessions by state, as `██████▓▓▓░░✖ 11/24`; empty if there are none.

    Each state has a cell at least; what failed or stopped stands last.
    """
    counts: Counter[str] = Counter()
    for top in seen.tops:
        counts.update(top.counts or {top.state: 1})
        counts.update(top.later_counts)
    marks: Counter[str] = Counter()
    for state, count in counts.items():
        marks[_mark(state)] += count
    total = marks.total()
    if not total:
        return ""
    shares = {mark: max(1, _CELLS * marks[mark] // total) for mark in "█▓░■✖" if marks[mark]}
    shares[max(shares, key=marks.__getitem__)] += _CELLS - sum(shares.values())
    bar = "".join(mark * cells for mark, cells in shares.items())
    return f"{bar} {counts[_DONE]:,}/{total:,}"


def _mark(state: str) -> str:
    return _MARKS.get(state, "✖" if state in _OVER else "▓")
