"""Stopped: tells a program that waits at a distance what nobody will continue by itself."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from parallel_agents.core.ids import RunId
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row

_LOG = logging.getLogger("parallel_agents")


class StoppedRuns:
    """Those of which the log has told."""

    def __init__(self) -> None:
        self._told: set[RunId] = set()

    def tell(self, rows: Iterable[Row]) -> None:
        """Log once of each of these runs that was stopped; the gateway has a worker continue any other."""
        for row in rows:
            run = row.run
            is_stopped = row.owner_state is OwnerState.GONE and not run.status.is_over
            if is_stopped and run.id not in self._told:
                self._told.add(run.id)
                _LOG.warning(
                    "no process works on %s: it was stopped; resume it, as with `pagents resume %s`",
                    row.session.key,
                    run.id,
                )
