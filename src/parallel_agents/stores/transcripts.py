"""Transcripts: what a session's earlier runs came to, kept so that a claim reads only what is new.

A run that has ended never changes, whoever executed it, so what was folded from it stays right. What
is kept is found by the number of the last such run: a process that kept nothing, or less, reads more.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId, SessionKey, is_group_key
from parallel_agents.core.row import Row
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.stores.database import as_array
from parallel_agents.stores.rows import Rows

_MOST_SESSIONS = 256
_MOST_BYTES = 32_000_000  # of the events' bodies, in all sessions


class _Kept(NamedTuple):
    """The transcript of a session up to and including its run `number`; nobody changes it."""

    number: int
    state: Transcript
    size: int


class Story(NamedTuple):
    """What a claimed run continues.

    Attributes:
        before: the transcript of the session's earlier runs; it must not be changed.
        events: of the run itself, in order.
        unreadable: those of all events that were read which this version cannot read.
    """

    before: Transcript
    events: list[Event]
    unreadable: list[Event]


_NOTHING = _Kept(0, Transcript(), 0)


class Transcripts:
    """The transcripts of the sessions that were claimed last."""

    def __init__(self, rows: Rows) -> None:
        self._rows = rows
        self._kept: dict[SessionKey, _Kept] = {}
        self._size = 0

    def of_claims(self, rows: Sequence[Row]) -> dict[RunId, Story]:
        """What each of these runs continues; all earlier runs of their sessions have ended."""
        kept = {row.session.key: self._take(row) for row in rows}
        found = self._read(
            [(row.session.key, kept[row.session.key].number + 1, row.run.number) for row in rows]
        )
        return {
            row.run.id: self._story(row, kept[row.session.key], found.get(row.session.key, []))
            for row in rows
        }

    def forget(self) -> None:
        """Keep nothing: what was read may not have been committed."""
        self._kept.clear()
        self._size = 0

    def _take(self, row: Row) -> _Kept:
        kept = self._kept.pop(row.session.key, _NOTHING)
        self._size -= kept.size
        return kept if kept.number < row.run.number else _NOTHING

    def _read(
        self, asked: Sequence[tuple[SessionKey, int, int]]
    ) -> dict[str, list[tuple[Event, int]]]:
        """The events of ranges of runs, by session, in the order of the runs, with their sizes."""
        found: dict[str, list[tuple[Event, int]]] = {}
        for columns in self._rows.database.all("events_of_claims", (as_array(asked),)):
            sized = self._rows.event(columns), len(columns[-1])
            found.setdefault(columns[2], []).append(sized)
        return found

    def _story(self, row: Row, kept: _Kept, found: Sequence[tuple[Event, int]]) -> Story:
        own = [event for event, _ in found if event.run == row.run.id]
        unreadable = [event for event, _ in found if isinstance(event.body, Unreadable)]
        if len(own) < len(found):
            state = kept.state.copy()
            for event, _ in found:
                if event.run != row.run.id:
                    state.take(event)
            size = kept.size + sum(size for event, size in found if event.run != row.run.id)
            kept = _Kept(row.run.number - 1, state, size)
        if kept.number and not unreadable:
            self._keep(row.session.key, kept)
        return Story(kept.state, own, unreadable)

    def _keep(self, session: SessionKey, kept: _Kept) -> None:
        if is_group_key(session):
            return  # the same key may name other work once its tree was pruned
        self._kept[session] = kept
        self._size += kept.size
        while len(self._kept) > _MOST_SESSIONS or self._size > _MOST_BYTES:
            oldest = next(iter(self._kept))
            self._size -= self._kept.pop(oldest).size
