"""Text listeners: who in this process hears the texts of runs as their models write them."""

from __future__ import annotations

from contextlib import suppress

from parallel_agents.containment.calls import tell
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId
from parallel_agents.core.runner import OnText


class TextListeners:
    """The listeners of each run."""

    def __init__(self) -> None:
        self._listeners: dict[RunId, list[OnText]] = {}

    def of(self, run: RunId) -> list[OnText]:
        """Those of a run; the list grows and shrinks with them."""
        return self._listeners.setdefault(run, [])

    def add(self, run: RunId, on_text: OnText) -> Unsubscribe:
        """Tell `on_text` from now on, until it fails."""
        listeners = self.of(run)

        def listener(piece: str) -> None:
            if not tell(on_text, piece):
                stop()

        def stop() -> None:
            with suppress(ValueError):
                listeners.remove(listener)

        listeners.append(listener)
        return stop

    def drop(self, run: RunId) -> None:
        """The run is not executed here any more."""
        self._listeners.pop(run, None)
