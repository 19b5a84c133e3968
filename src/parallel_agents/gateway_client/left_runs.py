"""Left runs: tells who waits at a distance what nobody works on, nor will by itself."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from time import monotonic

from parallel_agents.core.ids import RunId
from parallel_agents.core.owner import Owner, OwnerState
from parallel_agents.core.row import Row

# By then a gateway that may do so has started a worker, which has given its first sign of life.
_PATIENCE_SECONDS = 20.0
_LOG = logging.getLogger("parallel_agents")


class LeftRuns:
    """Those that have been seen to be left, and those of which the log has told.

    A gateway has a worker continue what a dead process has left, unless it only reads, or can start none.

    Args:
        owners: the processes that use the store.
        now: seconds of a clock that never goes back.
    """

    def __init__(
        self, owners: Callable[[], Awaitable[Sequence[Owner]]], now: Callable[[], float] = monotonic
    ) -> None:
        self._owners = owners
        self._now = now
        self._since: dict[RunId, float] = {}
        self._told: set[RunId] = set()

    async def among(self, rows: Iterable[Row]) -> Mapping[RunId, str]:
        """Those of the runs that no process works on, nor will, with the reason."""
        left = {row.run.id: row for row in rows if row.is_left}
        stopped = {run for run, row in left.items() if row.owner_state is OwnerState.GONE}
        others = left.keys() - stopped
        if others and await self._is_anybody_alive():  # who may take it up
            for run in others:
                self._since.pop(run, None)
            others = set[RunId]()
        now = self._now()
        waited = {
            run for run in others if now - self._since.setdefault(run, now) >= _PATIENCE_SECONDS
        }
        return {run: left[run].why_left for run in stopped | waited}

    @property
    def is_any_seen(self) -> bool:
        """Whether a run was seen to be left by a dead process, or begun by none, while no other one was alive."""
        return bool(self._since)

    async def tell(self, rows: Sequence[Row]) -> None:
        """Log once of each of the runs that nobody works on, nor will."""
        left = await self.among(rows)
        for row in rows:
            run = row.run.id
            if run in left and run not in self._told:
                self._told.add(run)
                _LOG.warning(
                    "no process works on %s: %s; resume it, as with `pagents resume %s`",
                    row.session.key,
                    left[run],
                    run,
                )

    async def _is_anybody_alive(self) -> bool:
        return any(owner.state is OwnerState.LIVE for owner in await self._owners())
