"""Heard: what the model of a run writes, listened to from before its first call on."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager

from parallel_agents.core.ids import RunId
from parallel_agents.core.verbs import Listens


class Heard:
    """The text of one run; what comes before it is shown is kept for then."""

    def __init__(self, sessions: Listens, run: RunId) -> None:
        self._early = ""
        self._show: Callable[[str], None] | None = None
        self._stop = sessions.listen(run, self._take)

    @contextmanager
    def shown(self, show: Callable[[str], None]) -> Generator[None]:
        """Show the text while the block lasts, and listen no longer."""
        self._show = show
        show(self._early)
        self._early = ""
        try:
            yield
        finally:
            self._stop()

    def _take(self, piece: str) -> None:
        if self._show is None:
            self._early += piece
        else:
            self._show(piece)
