"""Event names: what lists call the session of an event, looked up once for each session."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Protocol

from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.overview import Origin

# A stream is read for days; beyond this many sessions it looks them up again.
_MOST_SESSIONS = 10_000
_UNKNOWN = Origin("", "", None, "")


class Origins(Protocol):
    """Where sessions come from: a store, a journal."""

    async def origins(self, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
        """Where these sessions come from; those that are not in the store are left out."""
        ...


class EventNames:
    """The names of sessions, for one reader of events."""

    def __init__(self, origins: Origins) -> None:
        self._origins = origins
        self._known: dict[SessionKey, Origin] = {}

    async def named(self, events: Sequence[Event]) -> list[Event]:
        """The events with the labels and paths of their sessions, at one read for those that are new."""
        unknown = {event.session for event in events} - self._known.keys()
        if unknown:
            if len(self._known) > _MOST_SESSIONS:
                self._known.clear()
                unknown = {event.session for event in events}
            self._known |= await self._origins.origins(sorted(unknown))
        return [_named(event, self._known.get(event.session, _UNKNOWN)) for event in events]


def _named(event: Event, origin: Origin) -> Event:
    return replace(event, label=origin.label, path=origin.path)
