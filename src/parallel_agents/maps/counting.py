"""Counting: which of the results that a map has count, by the rows that it has now."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parallel_agents.core.event import Entry
from parallel_agents.core.flow import RowsChanged
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.runner import Activation
from parallel_agents.maps.batches import Batches
from parallel_agents.maps.filling import Filled

_MOST_KEYS = 2_000  # of one event


class Counting:
    """Keeps in the map's journal what no longer counts, and what counts again.

    A result that combines others counts once this run of the map has asked for it.

    Args:
        activation: the run of the map that is executed now.
        batches: what the journal says.
        children: what earlier runs have begun.

    Attributes:
        batches: what the journal says, with what is stored here.
    """

    def __init__(
        self, activation: Activation, batches: Batches, children: Iterable[ChildRun]
    ) -> None:
        self._journal = activation.journal
        self._epoch = activation.claim.run.epoch
        self.batches = batches
        self._begun = list(dict.fromkeys(name_of(child.key) for child in children))
        self._met: list[str] = []
        self._not_met = set(self._begun)
        self._not_met.update(row for row, _ in batches.items())

    def meet(self, filled: Filled) -> None:
        """Note that the map has this row."""
        self._not_met.discard(filled.key)
        if self._begun:  # else they are begun in their order
            self._met.append(filled.key)
        if part := self.batches.of(filled.key):
            self._not_met.discard(part.batch)

    async def store(self) -> None:
        """Store what became of the results, once all rows are met."""
        gone = sorted(self._not_met - self.batches.gone)
        for start in range(0, len(gone), _MOST_KEYS):
            await self._change(RowsChanged(gone=tuple(gone[start : start + _MOST_KEYS])))
        await self.count_again(sorted(self.batches.gone - self._not_met))
        await self._store_order()

    async def count_again(self, keys: Sequence[str]) -> None:
        """Store that the results under those of these keys count again that did not."""
        back = [key for key in keys if key in self.batches.gone]
        for start in range(0, len(back), _MOST_KEYS):
            await self._change(RowsChanged(back=tuple(back[start : start + _MOST_KEYS])))

    async def _store_order(self) -> None:
        """Store the order of the rows, if it is not told by the order in which they were begun."""
        known = self.batches.rows(self._begun)
        met = set(self._met)
        told = [
            *(row for row in known if row in met),
            *(row for row in self._met if row not in known),
        ]
        if told == self._met:
            return
        for start in range(0, len(self._met), _MOST_KEYS):
            order = tuple(self._met[start : start + _MOST_KEYS])
            await self._change(RowsChanged(order=order, first=start))

    async def _change(self, changed: RowsChanged) -> None:
        number = self.batches.changes
        self.batches.change(changed)
        await self._journal.append(Entry(f"rows-changed/{self._epoch}-{number}", changed))
