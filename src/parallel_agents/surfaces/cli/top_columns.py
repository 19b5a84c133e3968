"""Top columns: a row of the live terminal as text, in columns that are the same for all rows of a list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from rich.cells import cell_len

from parallel_agents.core.ids import SessionKey
from parallel_agents.views import cells, format
from parallel_agents.views.attention import Group

_USUAL, _LABEL, _LEAST_LABEL = 80, 22, 12  # cells; of a narrower terminal the label gives first
_LEAST_TOLD = 12


class Item(NamedTuple):
    """A row of a list.

    Attributes:
        key: the same while it is the same thing.
        cells: its texts: the tree before it, its label, what it does, its time and its cost.
        session: the session that it is about; None for none.
        question: the id of the question that it asks; empty for none.
        group: whether a person should look.
    """

    key: str
    cells: tuple[str, str, str, str, str]
    session: SessionKey | None = None
    question: str = ""
    group: Group = Group.WORKING
    style: str = ""


class Columns(NamedTuple):
    """How many cells the columns of fixed width have; there is none for the cost if `cost` is 0."""

    label: int
    time: int
    cost: int

    @property
    def cells(self) -> int:
        """How many cells they take, with the blanks around what a row does."""
        return self.label + 4 + self.time + (self.cost and self.cost + 1)


def least_columns(width: int) -> Columns:
    """Those of a list whose times and costs are short."""
    if width >= _USUAL:
        return Columns(_LABEL, 7, 10)
    return Columns(max(_LABEL - (_USUAL - width), _LEAST_LABEL), 6, 7)


def columns_of(items: Sequence[Item], width: int) -> Columns:
    """The same columns for all rows of a list, in which the longest time and cost fit.

    A terminal so narrow that little of what rows do would be left has no column for the cost.
    """
    least = least_columns(width)
    stem, time, cost = (
        max((cell_len(item.cells[place]) for item in items), default=0) for place in (0, 3, 4)
    )
    columns = Columns(least.label, max(least.time, time), max(least.cost, cost))
    return columns if width - stem - columns.cells >= _LEAST_TOLD else columns._replace(cost=0)


def text_of(item: Item, width: int, columns: Columns) -> str:
    """A row of that many cells: the end of what it does is cut, and a long label."""
    stem, label, told, seconds, cost = item.cells
    right = f"{seconds:>{columns.time}}"
    right += f" {cost:>{columns.cost}}" if columns.cost else ""
    if not told and not right.strip():
        return format.cut(f"{stem}{label}", width)
    room = max(width - cell_len(stem) - columns.cells, 0)
    shown = _filled(cells.middle(format.one_line(label), columns.label), columns.label)
    return f"{stem}{shown}  {_filled(format.cut(told, room), room)}  {right}".rstrip()


def _filled(text: str, width: int) -> str:
    return text + " " * max(width - cell_len(text), 0)
