"""Run texts: what the model of a run writes, for a client that hears it as it comes and misses nothing.

A process tells others of a text only while somebody looked before the call began, and not the last tenth of
a second of it. What is missing is taken from the reply, which the journal has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from typing_extensions import TypedDict

from parallel_agents.core.event import Event, Finished, Replied
from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import NOTHING, Text
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.surfaces.gateway.run_events import batches_of_run, following_run


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
        number, text = now.number, now.text
        if not text or number == self._ended:
            return None
        if number != self._number or not text.startswith(self._told):
            self._number, self._told = number, ""
        before, self._told = len(self._told), text
        return self._piece(before, text[before:], is_last=False)

    def replied(self, reply: str, now: Text) -> PieceDocument | None:
        """The rest of a text whose call has ended; `now` is what is written after it has."""
        number, text = now.number, now.text
        if reply.startswith(text):  # of the call that has ended, or of none yet
            self._ended = number
        before = len(self._told) if reply.startswith(self._told) else 0
        self._told = ""
        return self._piece(before, reply[before:], is_last=True)

    def _piece(self, start: int, text: str, *, is_last: bool) -> PieceDocument | None:
        if not text and not is_last:
            return None
        return {"number": self._number, "start": start, "text": text, "is_last": is_last}


async def pieces_of_run(
    call: Call, run: RunId, patience: float, *, is_whole: bool
) -> AsyncGenerator[bytes]:
    """The stream: a piece each, a comment after so many seconds of silence, and a last word at the run's end.

    Args:
        call: the request of who hears it.
        run: the run.
        patience: in seconds.
        is_whole: whether the replies that are stored already are told first.
    """
    (row,) = await call.client.sessions.rows_of([run])
    known = 0 if is_whole else call.gateway.hub.seq
    following = await following_run(call, row.session.key, run)
    batches = batches_of_run(following, run, patience)
    told, clock = ToldText(), asyncio.get_running_loop().time
    told_at = clock()
    with call.gateway.live.looking(run, following.wake) as look:
        look.add(run)
        async with aclosing(batches):
            async for batch in batches:
                events = [event for event in batch if event.run == run]
                if batch and not events:
                    continue
                look.take()  # what was found may be less than there is now
                now = await call.gateway.live.read(run)
                for piece in _pieces_of(told, [e for e in events if e.seq > known], now):
                    yield b"data: %s\n\n" % encode(piece)
                    told_at = clock()
                if any(isinstance(event.body, Finished) for event in events):
                    yield b'data: {"end": true}\n\n'
                if clock() - told_at >= patience:
                    yield b": nothing new\n\n"
                    told_at = clock()


def _pieces_of(told: ToldText, events: Sequence[Event], now: Text) -> list[PieceDocument]:
    """What is new for a client: of calls that have ended, then of the one in flight."""
    replies = [each.body for each in events if isinstance(each.body, Replied)]
    found = [told.replied(each.message.text, now) for each in replies if not each.is_summary]
    return [piece for piece in (*found, told.written(now)) if piece is not None]
