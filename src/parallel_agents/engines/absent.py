"""Absent engine: a process that only looks at the store, and leaves its runs to workers."""

from __future__ import annotations

from collections.abc import Callable

from parallel_agents.core.engine import Scope
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row


class AbsentEngine:
    """An engine that runs nothing: what is spawned waits in the store for a worker."""

    @property
    def owner(self) -> None:
        """New runs have no owner, so any worker may claim them."""

    def submit(self, row: Row) -> None:
        """Leave the run in the store."""

    def has(self, run: RunId) -> bool:
        return False

    def lacks(self, row: Row) -> str:
        """Return nothing: the process that executes the run looks for itself."""
        return ""

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Never call `on_text`: no run of this process writes text."""
        return _nothing_to_stop

    def bound(self, scope: Scope, at_most: int | None) -> None:
        """Ignore the limit: the process that executes the runs has its own."""

    def has_bound(self, scope: Scope) -> bool:
        """Return True, so that callers do not load a limit that would have no effect here."""
        return True


def _nothing_to_stop() -> None:
    """Do nothing: nothing was subscribed."""
