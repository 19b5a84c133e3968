"""Run texts: what the model of a run writes, for a client that hears it as it comes and misses nothing.

A process tells others of a text only while somebody looked before the call began, and not the last tenth of
a second of it. What is missing is taken from the reply, which the journal has.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Sequence
from contextlib import suppress

from typing_extensions import TypedDict

from parallel_agents.core.event import Event, Finished, Replied
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.live_text.folder import NOTHING, WANTED_SECONDS, Text
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.surfaces.gateway.run_events import queued_at

_LOOK_SECONDS = 0.1
_MOST_EVENTS = 5000
_WANT_LOOKS = int(WANTED_SECONDS / _LOOK_SECONDS / 4)


class PieceDocument(TypedDict):
    """A part of what a call or try has brought: `text` follows its first `start` characters.

    `is_last` says that the call has ended, so that the next piece begins another text.
    """

    number: int
    start: int
    text: str
    is_last: bool


class ToldText:
    """What a client has been told of the call in flight."""

    def __init__(self) -> None:
        self._number = self._ended = NOTHING.number
        self._told = ""

    def written(self, now: Text) -> PieceDocument | None:
        """What was written since; None if nothing."""
        number, text = now
        if not text or number == self._ended:
            return None
        if number != self._number or not text.startswith(self._told):
            self._number, self._told = number, ""
        before, self._told = len(self._told), text
        return self._piece(before, text[before:], is_last=False)

    def replied(self, reply: str, now: Text) -> PieceDocument | None:
        """The rest of a text whose call has ended; `now` is what is written after it has."""
        number, text = now
        if reply.startswith(text):  # of the call that has ended, or of none yet
            self._ended = number
        before = len(self._told) if reply.startswith(self._told) else 0
        self._told = ""
        return self._piece(before, reply[before:], is_last=True)

    def _piece(self, start: int, text: str, *, is_last: bool) -> PieceDocument | None:
        if not text and not is_last:
            return None
        return {"number": self._number, "start": start, "text": text, "is_last": is_last}


class RunTexts:
    """Tells what a run's model writes until the run has ended.

    Args:
        call: the request of who hears it.
        run: the run.
        is_whole: whether the replies that are stored already are told first.
    """

    def __init__(self, call: Call, run: RunId, *, is_whole: bool) -> None:
        self._call = call
        self._folder = call.gateway.live_texts
        self._run = run
        self._is_whole = is_whole
        self._events: deque[Event] = deque(maxlen=_MOST_EVENTS)
        self._seen = 0
        self._news = asyncio.Event()

    async def pieces(self, patience: float) -> AsyncGenerator[bytes]:
        """The stream: a piece each, a comment after so many seconds of silence, and a last word."""
        told, looks = ToldText(), 0
        hub, sessions = self._call.gateway.hub, self._call.client.sessions
        with hub.listening(self._hear):
            try:
                (row,) = await sessions.rows_of([self._run])
                if self._is_whole:
                    self._events += await self._stored(row.session.key)
                is_over = row.run.status.is_over
                while not hub.ending.is_set():
                    self._news.clear()
                    events = self._new_events()
                    is_over = is_over or any(isinstance(each.body, Finished) for each in events)
                    now = await asyncio.to_thread(self._look, is_due=looks % _WANT_LOOKS == 0)
                    for piece in _pieces_of(told, events, now):
                        yield b"data: %s\n\n" % encode(piece)
                    if is_over:
                        yield b'data: {"end": true}\n\n'
                        return
                    looks += 1
                    if looks % int(patience / _LOOK_SECONDS) == 0:
                        yield b": nothing new\n\n"
                    with suppress(TimeoutError):
                        async with asyncio.timeout(_LOOK_SECONDS):
                            await self._news.wait()
            finally:
                self._folder.leave(self._run)

    def _hear(self, events: Sequence[Event]) -> None:
        if found := [event for event in events if event.run == self._run]:
            self._events += found
            self._news.set()

    async def _stored(self, session: SessionKey) -> list[Event]:
        """The replies of the run that are stored already."""
        found: list[Event] = []
        after = await queued_at(self._call, session, self._run) - 1
        while page := await self._call.client.journal.events(
            after=after, tree=session, kinds=("replied",), limit=MOST_ITEMS
        ):
            found += [event for event in page if event.run == self._run]
            after = page[-1].seq
        return found

    def _new_events(self) -> list[Event]:
        """The events that have come, each once: some of those that are announced may be stored already."""
        new = {event.seq: event for event in self._events if event.seq > self._seen}
        self._events.clear()
        found = [new[seq] for seq in sorted(new)]
        self._seen = found[-1].seq if found else self._seen
        return found

    def _look(self, *, is_due: bool) -> Text:
        """See what is written, and keep the run wanted: another who looked at it may have left."""
        if is_due or not self._folder.is_wanted(self._run):
            self._folder.want(self._run)
        return self._folder.read(self._run)


def _pieces_of(told: ToldText, events: Sequence[Event], now: Text) -> list[PieceDocument]:
    """What is new for a client: of calls that have ended, then of the one in flight."""
    replies = [each.body for each in events if isinstance(each.body, Replied)]
    found = [told.replied(each.message.text, now) for each in replies if not each.is_summary]
    return [piece for piece in (*found, told.written(now)) if piece is not None]
