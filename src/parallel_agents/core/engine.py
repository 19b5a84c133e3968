"""Engine: where runs are carried out, how many at once, and in which order."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple, Protocol

from parallel_agents.core.ids import OwnerId, RunId
from parallel_agents.core.store import Row, Unsubscribe


class Scope(NamedTuple):
    """What can be bounded, such as `("model", "local/qwen2.5-coder-1.5b")`."""

    kind: str
    name: str


class Engine(Protocol):
    @property
    def owner(self) -> OwnerId | None:
        """The owner of new runs; None leaves them to any worker."""
        ...

    def submit(self, row: Row) -> None:
        """Put a live run into the queue; one that is queued or runs here already stays as it is.

        Raises:
            Stopping: the engine admits nothing new.
        """
        ...

    def has(self, run: RunId) -> bool:
        """Whether a run is queued or runs here."""
        ...

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        """Hear the text of a run that is carried out here as it comes."""
        ...

    def bound(self, scope: Scope, at_most: int | None) -> None:
        """Hold at most so many runs of `scope` at once, from now on; None lets in all."""
        ...

    def has_bound(self, scope: Scope) -> bool:
        """Whether `bound` has said something of `scope` here."""
        ...
