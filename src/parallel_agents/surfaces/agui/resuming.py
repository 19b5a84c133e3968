"""Resuming: what of a run's pieces a client lacks that comes again with the id of the last one that it got."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId
from parallel_agents.errors import InvalidInput
from parallel_agents.live_text.folder import Text
from parallel_agents.surfaces.agui.events import AnyEvent
from parallel_agents.surfaces.agui.live import MOST_WRITING, LiveTranslation, Piece, TakeBack
from parallel_agents.surfaces.agui.translation import Member, Translation

_ID = re.compile(rf"(\d{{1,15}})(?:\.(\d{{1,6}}))?((?:~\d{{1,15}}\.\d{{1,6}}){{0,{MOST_WRITING}}})")
_WHOLE = 1_000_000  # after the last event that one of the journal comes to


class Place(NamedTuple):
    """An event of a stream: the number of the journal's, and which of those that it came to."""

    seq: int
    number: int


class Known(NamedTuple):
    """What a client has: the events up to a place, and parts of the messages that were being written."""

    place: Place
    writing: tuple[str, ...] = ()

    @property
    def id(self) -> str:
        """The id of the event with which the client has this."""
        writing = "".join(f"~{message[1:]}" for message in self.writing)
        return f"{self.place.seq}.{self.place.number}{writing}"


class Sent(NamedTuple):
    """What is sent next, and what the client has then."""

    content: AnyEvent | TakeBack
    known: Known


def known_by(text: str) -> Known:
    """What a client has that names this event as its last; nothing without one.

    Raises:
        InvalidInput: it is not the id of an event.
    """
    if not text:
        return Known(Place(-1, 0))
    match = _ID.fullmatch(text)
    if match is None:
        raise InvalidInput(
            f"Last-Event-ID is {text[:40]!r}", hint="send the id of the last event that came"
        )
    number = int(match[2]) if match[2] else _WHOLE
    return Known(
        Place(int(match[1]), number), tuple(f"m{name}" for name in match[3].split("~")[1:])
    )


class ResumedTranslation:
    """The pieces of a run that a client lacks.

    Attributes:
        place: the last event that was translated.
    """

    def __init__(self, translation: Translation, known: Known) -> None:
        self.place = Place(0, 0)
        self._live = LiveTranslation(translation, known.writing)
        self._known = known.place
        self._has_resumed = False

    def of(self, event: Event, member: Member | None) -> Iterator[Sent]:
        """What the next event is, as far as the client does not know it; see `Translation.of`.

        `place` is right for each while it is handled.
        """
        if event.seq > self._known.seq:  # before it ends what the client has a part of
            yield from self.resume()
        for piece in self._live.of(event, member):
            place = Place(event.seq, piece.number)
            if place > self._known:
                yield from self.resume()
                yield self._sent(piece, place if piece.number else self.place)
            if piece.number:
                self.place = place

    def resume(self) -> Iterator[Sent]:
        """What the client is told first; call it once no event is left, and before `written`."""
        if self._has_resumed:
            return
        self._has_resumed = True
        for piece in self._live.resume():
            yield self._sent(piece, self.place)

    def written(self, run: RunId, text: Text, at: int) -> list[Sent] | None:
        """What is told of a text that is being written.

        Returns:
            None if an event has yet to come before it.
        """
        pieces = self._live.written(run, text, at)
        return None if pieces is None else [self._sent(piece, self.place) for piece in pieces]

    def _sent(self, piece: Piece, place: Place) -> Sent:
        return Sent(piece.content, Known(place, piece.writing))
