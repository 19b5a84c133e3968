"""Leaving engine: a process that executes nothing, and remembers which runs a worker is to execute."""

from __future__ import annotations

from typing_extensions import override

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.row import Row
from parallel_agents.engines.absent import AbsentEngine


class LeavingEngine(AbsentEngine):
    """An absent engine that knows what was submitted to it, until somebody takes it."""

    def __init__(self) -> None:
        self._left: dict[SessionKey, Row] = {}

    @override
    def submit(self, row: Row) -> None:
        """Note that the run waits in the store for a worker."""
        if not row.run.status.is_over:
            self._left.setdefault(row.session.root, row)

    def take(self) -> list[Row]:
        """What was submitted since the last call, the first of each tree."""
        left, self._left = self._left, {}
        return [*left.values()]
