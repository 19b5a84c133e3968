"""Batches: in which batch each row of a map is, and which rows no longer count, as the map's journal says."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import NamedTuple, Self

from parallel_agents.core.children import BegunRows
from parallel_agents.core.flow import Batched, RowsChanged
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE

REDUCE = "reduce/"  # what the keys of the tasks that combine results begin with
# More than the rows of any batch, so that one number says which batch and which item.
_STRIDE = 1024


class Part(NamedTuple):
    """The place of a row in a batch.

    Attributes:
        batch: the key that its session was spawned under.
        number: of the row, from 1.
        of: how many rows the batch has.
    """

    batch: str
    number: int
    of: int


class Batches:
    """Knows the latest batch of each row; it has a key and a number for each, and no values.

    Attributes:
        gone: the keys of what no longer counts: rows, batches, and what combined their results.
        changes: how often that changed.
    """

    def __init__(self) -> None:
        self.gone: set[str] = set()
        self.changes = 0
        self._batches: list[tuple[str, int]] = []
        self._rows: dict[str, int] = {}
        self._first: dict[str, list[str]] = {}
        self._order: list[str] = []

    @classmethod
    async def stored(cls, sessions: BegunRows, map: SessionKey) -> Self:
        """What all runs of a map have stored."""
        found, after = cls(), 0
        while page := await sessions.batches(map, after=after):
            for event in page:
                match event.body:
                    case Batched() as batched:
                        found.add(batched)
                    case RowsChanged() as changed:
                        found.change(changed)
                    case _:
                        pass
            after = page[-1].seq
            if len(page) < PAGE:
                break
        return found

    def add(self, batched: Batched) -> None:
        first = len(self._batches) * _STRIDE
        self._batches.append((batched.batch, len(batched.rows)))
        self._first[batched.batch] = [row for row in batched.rows if row not in self._rows]
        self._rows.update((row, first + n) for n, row in enumerate(batched.rows))

    def change(self, changed: RowsChanged) -> None:
        self.changes += 1
        changed.apply(self.gone)
        if changed.order:
            self._order[changed.first :] = changed.order

    def rows(self, begun: Iterable[str]) -> dict[str, int]:
        """The rows with their places, as the map had them last.

        Args:
            begun: the keys of its tasks, in the order in which they were begun.
        """
        in_turn = chain.from_iterable(self._first.get(key, (key,)) for key in begun)
        rows = dict.fromkeys(chain(self._order, in_turn, self._rows))
        return {row: place for place, row in enumerate(rows)}

    def in_order(self, begun: Iterable[str]) -> list[str]:
        """The keys of a map's tasks in the order of its rows; what combines their results is last."""
        keys = list(dict.fromkeys(begun))
        places: dict[str, int] = {}
        for row, place in self.rows(keys).items():
            part = self.of(row)
            for key in (row,) if part is None else (row, part.batch):
                places[key] = min(place, places.get(key, place))
        last = len(places)  # of a batch whose rows were all put into others
        return sorted(keys, key=lambda key: (key.startswith(REDUCE), places.get(key, last)))

    def items(self) -> Iterator[tuple[str, Part]]:
        """Each row with its place in its latest batch."""
        for row, place in self._rows.items():
            yield row, self._at(place)

    def of(self, row: str) -> Part | None:
        """The place of a row in its latest batch; None if it was in none."""
        place = self._rows.get(row)
        return None if place is None else self._at(place)

    def _at(self, place: int) -> Part:
        batch, number = divmod(place, _STRIDE)
        key, count = self._batches[batch]
        return Part(key, number + 1, count)
