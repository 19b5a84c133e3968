"""Engine: where runs are carried out, how many at once, and in which order."""

from __future__ import annotations

from typing import Protocol

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.store import Row


class Engine(Protocol):
    @property
    def owner(self) -> OwnerId: ...

    def submit(self, row: Row) -> None:
        """Put a live run into the queue; a run that is queued or runs here already stays as it is.

        Raises:
            Stopping: the engine admits nothing new.
        """
        ...

    def admit_nothing_new(self) -> None:
        """Let what runs go on to its next stop; what waits stays queued in the store."""
        ...
