"""Tail: the events that a store has announced and one reader has not taken yet, up to a limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from parallel_agents.core.event import Event


class Tail:
    """The events that the store has announced, up to a limit.

    Attributes:
        news: set when something was announced.
        is_behind: events are missing, and have to be read from the store.
    """

    def __init__(self, most: int) -> None:
        self._most = most
        self.news = asyncio.Event()
        self.is_behind = True
        self._events: list[Event] = []

    def hear(self, events: Sequence[Event]) -> None:
        self.news.set()
        if self.is_behind:
            return
        self._events += events
        if len(self._events) > self._most:
            self._events.clear()
            self.is_behind = True

    def restart(self) -> None:
        """Collect from now on; what came before is read from the store."""
        self._events.clear()
        self.is_behind = False

    def take(self) -> list[Event]:
        taken, self._events = self._events, []
        return taken
