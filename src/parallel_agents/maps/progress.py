"""Progress: how far a map is, for whoever watches it in the same process."""

from __future__ import annotations

from dataclasses import dataclass

from parallel_agents.core.usage import Spend


@dataclass(slots=True)
class MapProgress:
    """How far a map is.

    Attributes:
        rows: how many there are.
        began_at: on the clock of its watcher, in seconds; None before the first row is begun.
        ended: rows whose runs have ended, whether they are written yet or not.
        reused: those of them that were done before this run of the map.
        failed: rows that ended without an answer.
        written: rows that are in the file of results.
        spend: what the rows that are written and were not done before used.
    """

    rows: int = 0
    began_at: float | None = None
    ended: int = 0
    reused: int = 0
    failed: int = 0
    written: int = 0
    spend: Spend = Spend()

    def seconds_left(self, now: float) -> float | None:
        """An estimate from the rows that ended in this run; None before the first."""
        fresh = self.ended - self.reused
        if self.began_at is None or not fresh:
            return None
        return (now - self.began_at) / fresh * (self.rows - self.ended)

    def forecast_usd(self) -> float | None:
        """What all rows that were not done before will have cost; None if unknown."""
        fresh = self.written - self.reused
        cost = self.spend.cost_usd
        if cost is None or fresh <= 0:
            return None
        return cost / fresh * (self.rows - self.reused)
