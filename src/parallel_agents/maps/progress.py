"""Progress: how far a map is, for whoever watches it in the same process."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend

# Rows by which the rest is estimated: the first ones may be slow, and those done before lie anywhere.
_RECENT = 200


@dataclass(slots=True)
class MapProgress:
    """How far a map is.

    Attributes:
        rows: how many there are.
        began_at: on the clock of its watcher, in seconds; None before the first row is begun.
        ended: rows whose runs have ended, whether they are written yet or not.
        reused: those of them that were done before this run of the map.
        failed: rows that ended without an answer, and were not killed.
        killed: rows that were killed.
        written: rows that are in the file of results.
        before: what all rows had used when this process began with the map.
        spend: what the rows that are written and ended since then used.
    """

    rows: int = 0
    began_at: float | None = None
    ended: int = 0
    reused: int = 0
    failed: int = 0
    killed: int = 0
    written: int = 0
    before: Spend = Spend()
    spend: Spend = Spend()
    _paid: int = 0
    _met: int = 0
    _recent: deque[bool] = field(default_factory=lambda: deque(maxlen=_RECENT))
    _ends: deque[float] = field(default_factory=lambda: deque(maxlen=_RECENT))

    @property
    def spent(self) -> Spend:
        """What the map has used so far, in every process and run of it."""
        return self.before + self.spend

    def end(self, now: float, status: RunStatus, *, was_over: bool) -> None:
        """Count a row that has ended; `was_over` says whether it had when this process met it."""
        is_done, is_killed = status is RunStatus.DONE, status is RunStatus.KILLED
        self.ended += 1
        self.reused += was_over and is_done
        self.killed += is_killed
        self.failed += not (is_done or is_killed)
        self._recent.append(not was_over)
        if was_over:
            self._met += 1
        else:
            self._ends.append(now)

    def write(self, spend: Spend, *, was_over: bool) -> None:
        """Count a row that was written."""
        self.written += 1
        if not was_over:
            self._paid += 1
            self.spend += spend

    def seconds_left(self, now: float) -> float | None:
        """An estimate from the last rows that ended in this run; None before the first."""
        if self.began_at is None or not self._ends:
            return None
        is_all = self.ended - self._met == len(self._ends)
        since = self.began_at if is_all else self._ends[0]
        each = (now - since) / (len(self._ends) - (not is_all))
        return each * self._left()

    def forecast_usd(self) -> float | None:
        """What the map will have cost, with what it had before; None if unknown."""
        before, cost = self.before.cost_usd, self.spend.cost_usd
        if before is None or cost is None or not self._paid:
            return None
        unpaid = self.ended - self._met - self._paid
        return before + cost + cost / self._paid * (unpaid + self._left())

    def _left(self) -> float:
        """How many rows are still to be done, if as many of them as of the last ones were not done before."""
        if not self._recent:
            return self.rows - self.ended
        return (self.rows - self.ended) * sum(self._recent) / len(self._recent)
