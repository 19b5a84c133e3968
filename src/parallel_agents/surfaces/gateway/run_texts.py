"""Run texts: what the model of a run writes, for a client that hears it as it comes and misses nothing.

A process tells others of a text only while somebody looked before the call began, and not the last tenth of
a second of it. What is missing is taken from the reply, which the journal has.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import aclosing

from typing_extensions import TypedDict

from parallel_agents.core.event import Event, Finished, Replied
from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import NOTHING, Text
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.surfaces.gateway.run_events import batches_of_run, following_run


class PieceDocument(TypedDict):
    """A part of what the call of a turn has brought: `text` follows its first `start` characters.

    `is_last` says that all of this turn has been told; a client that was cut off asks for what comes after it.
    """

    turn: int
    start: int
    text: str
    is_last: bool


class ToldText:
    """What a client has been told of the call in flight.

    Attributes:
        turn: the last turn of which it knows all.
    """

    def __init__(self, turn: int = 0) -> None:
        self.turn = turn
        self._number = NOTHING.number
        self._told = ""

    def written(self, now: Text) -> PieceDocument | None:
        """What was written since; None if nothing, or if it is of a call that has ended."""
        if not now.text or now.turn <= self.turn:
            return None
        if now.number != self._number or not now.text.startswith(self._told):
            self._told = ""
        self._number, before, self._told = now.number, len(self._told), now.text
        text = now.text[before:]
        if not text:
            return None
        return {"turn": now.turn, "start": before, "text": text, "is_last": False}

    def replied(self, turn: int, reply: str) -> PieceDocument:
        """The rest of a text whose call has ended."""
        before = len(self._told) if reply.startswith(self._told) else 0
        self.turn, self._told = turn, ""
        return {"turn": turn, "start": before, "text": reply[before:], "is_last": True}

    def known(self) -> PieceDocument:
        """That all is known of the turns until now."""
        return {"turn": self.turn, "start": 0, "text": "", "is_last": True}


async def pieces_of_run(
    call: Call, run: RunId, patience: float, *, after: int | None
) -> AsyncGenerator[bytes]:
    """The stream: a piece each, a comment after so many seconds of silence, and a last word at the run's end.

    Args:
        call: the request of who hears it.
        run: the run.
        patience: in seconds.
        after: the last turn that the client knows; None for that of the last reply that is stored by
            now, which the first piece then names.
    """
    (row,) = await call.client.sessions.rows_of([run])
    # Replies up to this event are known to a client that names no turn.
    missed, is_begun = (call.gateway.hub.seq, False) if after is None else (0, True)
    following = await following_run(call, row.session.key, run)
    batches = batches_of_run(following, run, patience)
    told, clock = ToldText(after or 0), asyncio.get_running_loop().time
    told_at = clock()
    with call.gateway.live.looking(run, following.wake) as look:
        look.add(run)
        async with aclosing(batches):
            async for batch in batches:
                events = [event for event in batch if event.run == run]
                told.turn = max(told.turn, *_turns_until(missed, events))
                if not is_begun and following.seen >= missed:
                    is_begun = True
                    yield _line(told.known())
                if batch and not events:
                    continue
                look.take()  # what was found may be less than there is now
                now = await call.gateway.live.read(run)
                for piece in _pieces_of(told, events, now):
                    yield _line(piece)
                    told_at = clock()
                if any(isinstance(event.body, Finished) for event in events):
                    yield b'data: {"end": true}\n\n'
                if clock() - told_at >= patience:
                    yield b": nothing new\n\n"
                    told_at = clock()


def _line(piece: PieceDocument) -> bytes:
    return b"data: %s\n\n" % encode(piece)


def _turns_until(seq: int, events: Sequence[Event]) -> Iterator[int]:
    """The turns whose replies are among these events up to a number; 0 before the first."""
    yield 0
    for event in events:
        if event.seq <= seq and isinstance(event.body, Replied):
            yield event.body.turn


def _pieces_of(told: ToldText, events: Sequence[Event], now: Text) -> list[PieceDocument]:
    """What is new for a client: of calls that have ended, then of the one in flight."""
    replies = [each.body for each in events if isinstance(each.body, Replied)]
    found = [
        told.replied(each.turn, each.message.text)
        for each in replies
        if each.turn > told.turn and not each.is_summary
    ]
    written = told.written(now)
    return found if written is None else [*found, written]
