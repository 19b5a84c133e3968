"""Ended costs: those of runs that ended a while ago, read once by each connection that is asked for all costs.

A run that has ended costs no more. It is known again by how many runs there are that ended by then, and
by the last pruning; if either differs, all are read anew.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.overview import Cost
from parallel_agents.stores.database import Database, Value
from parallel_agents.stores.row_columns import is_moment

# A call may still be told of a run that was ended from outside, and clocks be set back a little.
_SETTLED_SECONDS = 600.0
_ReadCosts = Callable[[Mapping[str, Value], Sequence[str]], list[Cost]]


class _Kept(NamedTuple):
    until: float
    runs: int
    pruning: int | None
    costs: Sequence[Cost]


class EndedCosts:
    """What is kept of the costs of one store.

    Args:
        most_fresh: how many that ended since then are read with each question.
    """

    def __init__(self, most_fresh: int = 1000) -> None:
        self._most_fresh = most_fresh
        self._kept: _Kept | None = None

    def with_those_since(self, database: Database, read: _ReadCosts) -> list[Cost]:
        """All costs; `read` makes those of the runs that meet conditions."""
        with database.reading():
            last, pruning = database.one("last_end") or (None, None)
            if not isinstance(last, float) or not is_moment(last):
                return read({}, ())
            kept = self._settled(database, read, last - _SETTLED_SECONDS, pruning)
            return [*kept.costs, *read({"since": kept.until}, ("costs.since",))]

    def _settled(
        self, database: Database, read: _ReadCosts, until: float, pruning: int | None
    ) -> _Kept:
        kept = self._kept
        if kept and (kept.pruning != pruning or _count(database, kept.until) != kept.runs):
            kept = None
        if kept is None:
            costs = read({"until": until}, ("costs.ended_by",))
            kept = _Kept(until, _count(database, until), pruning, costs)
        elif (count := _count(database, until)) > kept.runs + self._most_fresh:
            fresh = read({"since": kept.until, "until": until}, ("costs.between",))
            kept = _Kept(until, count, pruning, [*kept.costs, *fresh])
        self._kept = kept
        return kept


def _count(database: Database, until: float) -> int:
    return (database.one("count_ended_by", (until,)) or (0,))[0]
