"""Turns: the replies of a session over all of its runs, and what was said at each of them.

A conversation is whole after a turn if every call of its reply has a result, so that no server refuses
it and no model waits for what never comes.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from parallel_agents.core.event import (
    Attempted,
    Body,
    Closing,
    Delivered,
    Event,
    Finished,
    HandedBack,
    Queued,
    Refused,
    Replied,
)
from parallel_agents.core.ids import RunId
from parallel_agents.core.message import Role
from parallel_agents.core.model import Finish
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.unreadable import Unreadable

_CLOSES = Queued | Attempted | Refused | Delivered | HandedBack | Closing


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """A reply of a session.

    Attributes:
        number: counted over all runs of the session, from 1.
        run, run_turn: the run, and its own number of the turn.
        seq, at: the number of the event, and when it was answered, in seconds since the epoch.
        model: `provider/model` that answered.
        calls: the names of the tools that the reply calls.
        is_whole: whether the conversation is whole after the turn.
        continues: whether it is the rest of a reply that the server paused, and no turn to ask again.
    """

    number: int
    run: RunId
    run_turn: int
    seq: int
    at: float
    model: str
    text: str
    calls: tuple[str, ...]
    is_whole: bool
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Place:
    """A place in a conversation.

    Attributes:
        state: all that was said until then.
        queued: what the run was asked for; None before the first.
        run: the run; None before the first.
        model: the one that answered the turn, or was to; empty for the model of the run.
    """

    state: Transcript
    queued: Queued | None = None
    run: RunId | None = None
    model: str = ""


class Conversation:
    """The turns of a session, and the places at which it is whole.

    What waits behind a run that has not ended is left out: nobody has read it yet.

    Args:
        events: all of the session, in the order of the store.
    """

    def __init__(self, events: Iterable[Event]) -> None:
        self._runs = _until_live(events)
        self.turns: Sequence[Turn] = list(_turns(self._runs))

    @property
    def whole(self) -> Sequence[int]:
        """The numbers of the turns after which the conversation is whole."""
        return [turn.number for turn in self.turns if turn.is_whole]

    @property
    def next(self) -> int | None:
        """The number of the turn that nobody has answered yet, if a model is to answer; else None."""
        state = self._end()
        is_open = bool(state.asked) or not state.messages
        return None if is_open or _is_answered(state) else len(self.turns) + 1

    def after(self, number: int) -> Place | None:
        """The place after a turn; None if the conversation is not whole there. 0 is before all of its own."""
        state, count = Transcript(), 0
        for event in self._events():
            body = event.body
            if number == 0 and isinstance(body, Queued):
                return Place(_before_own(event, body), body, event.run)
            if count == number and not state.asked:
                break
            if count == number and _closes(body):
                state.close_turn()
                break
            state.take(event)
            count += _is_turn(body)
        turn = self.turns[number - 1] if 0 < number <= len(self.turns) else None
        if turn is None or not turn.is_whole:
            return None
        return Place(state, self._queued(turn.run), turn.run, turn.model)

    def before(self, number: int) -> Place | None:
        """The place at which a turn was asked for; None if it cannot be asked for again."""
        state = Transcript()
        queued: Queued | None = None
        count, model, run = 0, "", None
        for event in self._events():
            body = event.body
            if _is_turn(body) and count + 1 == number:
                model = self.turns[number - 1].model
                break
            queued = body if isinstance(body, Queued) else queued
            state.take(event)
            count += _is_turn(body)
            run = event.run
        if count + 1 != number or not (model or number == self.next):
            return None
        state.close_turn()
        return None if _is_answered(state) else Place(state, queued, run, model or state.model)

    def is_damaged(self, place: Place) -> bool:
        """Whether an event up to the run of a place cannot be read, so that something may be missing."""
        for of_run in self._runs:
            if any(isinstance(event.body, Unreadable) for event in of_run):
                return True
            if of_run[0].run == place.run:
                break
        return False

    def _queued(self, run: RunId) -> Queued | None:
        bodies = (event.body for event in self._events() if event.run == run)
        return next((body for body in bodies if isinstance(body, Queued)), None)

    @property
    def has_begun(self) -> bool:
        return bool(self._runs)

    def _events(self) -> Iterator[Event]:
        for of_run in self._runs:
            yield from of_run

    def _end(self) -> Transcript:
        state = Transcript()
        for event in self._events():
            state.take(event)
        return state


def _before_own(event: Event, queued: Queued) -> Transcript:
    """What a session began with; its task belongs to it only if what was said on that is there, too."""
    state = Transcript()
    if queued.taken:
        state.take(event)
    else:
        state.messages.extend(queued.context)
    return state


def _until_live(events: Iterable[Event]) -> list[list[Event]]:
    """The events by their runs, up to the first run that has not ended."""
    by_run: dict[RunId, list[Event]] = {}
    for event in events:
        by_run.setdefault(event.run, []).append(event)
    found: list[list[Event]] = []
    for of_run in by_run.values():
        found.append(of_run)
        if not any(isinstance(event.body, Finished) for event in of_run):
            break
    return found


def _turns(runs: Sequence[Sequence[Event]]) -> Iterator[Turn]:
    state = Transcript()
    last: Turn | None = None
    for of_run in runs:
        for event in of_run:
            body, asked = event.body, state.asked
            continues = _is_answered(state) and not asked
            state.take(event)
            if last is not None and asked and state.asked is not asked:
                last = replace(last, is_whole=True)
            if not isinstance(body, Replied) or body.is_summary:
                continue
            if last is not None:
                yield last
            last = Turn(
                number=1 if last is None else last.number + 1,
                run=event.run,
                run_turn=body.turn,
                seq=event.seq,
                at=event.at,
                model=body.model,
                text=body.message.text,
                calls=tuple(call.name for call in body.message.tool_calls),
                is_whole=not state.asked and body.finish is not Finish.PAUSED,
                continues=continues,
            )
    if last is not None:
        yield last


def _is_turn(body: Body) -> bool:
    return isinstance(body, Replied) and not body.is_summary


def _closes(body: Body) -> bool:
    """Whether an event ends a turn whose calls have no results."""
    return isinstance(body, _CLOSES) or _is_turn(body)


def _is_answered(state: Transcript) -> bool:
    """Whether the last word is a model's, so that none is to answer."""
    return bool(state.messages) and state.messages[-1].role is Role.ASSISTANT
