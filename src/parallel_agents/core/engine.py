"""Engine: where runs are executed, how many at once, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.row import Row


class Scope(NamedTuple):
    """Something that can be limited, such as `("model", "local/qwen2.5-coder-1.5b")`."""

    kind: str
    name: str


class Engine(Protocol):
    @property
    def owner(self) -> OwnerId | None:
        """The owner of new runs; None leaves them to any worker."""
        ...

    def submit(self, row: Row) -> None:
        """Queue a live run; does nothing if the run is queued or executed here already.

        Raises:
            Stopping: the engine starts no new runs.
        """
        ...

    def has(self, run: RunId) -> bool:
        """Whether a run is queued or executed here."""
        ...

    def lacks(self, row: Row) -> str:
        """What this process lacks for a run that another one may have made; empty if nothing."""
        ...

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Receive the text of a run that is executed here as it arrives."""
        ...

    def bound(self, scope: Scope, at_most: int | None) -> None:
        """Limit the runs of `scope` at once, from now on; None for no limit."""
        ...

    def has_bound(self, scope: Scope) -> bool:
        """Whether `bound` was called for `scope` here."""
        ...
