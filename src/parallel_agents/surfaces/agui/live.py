"""Live: a run's events together with what its models are writing, which the journal may yet contradict.

A message that is being written is told in pieces that have no event. Its reply then tells only the rest.
If the reply is another one, because a call was tried again, a snapshot of all messages takes back what
was told. Each piece says which messages are being written after it, so that a client that is cut off can
say so when it comes again.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from parallel_agents.core.event import Event, Finished, Replied
from parallel_agents.core.ids import RunId
from parallel_agents.live_text.folder import Text
from parallel_agents.surfaces.agui import events as agui
from parallel_agents.surfaces.agui.translation import Member, Translation

MOST_WRITING = 20
"""How many messages are told while they are written at once; others are told when they are stored."""


@dataclass(frozen=True, slots=True)
class TakeBack:
    """A snapshot is due: of what the events tell so far, and of messages that are being written.

    Attributes:
        texts: what was told of these messages, by their ids.
        writers: the subagents that write some of them.
    """

    texts: Mapping[str, str]
    writers: Mapping[str, RunId]


class Piece(NamedTuple):
    """What is sent next.

    Attributes:
        number: which of those that an event came to; 0 for what no event says.
        content: the event of AG-UI.
        writing: the messages that are being written after it.
    """

    number: int
    content: agui.AnyEvent | TakeBack
    writing: tuple[str, ...]


class LiveTranslation:
    """A translation that also tells what is being written.

    Args:
        translation: of the events.
        writing: the messages of which a client that comes again has a part.
    """

    def __init__(self, translation: Translation, writing: Iterable[str] = ()) -> None:
        self.translation = translation
        self._told = dict.fromkeys(writing, "")
        self._turns: dict[RunId, int] = {}

    def resume(self) -> Iterator[Piece]:
        """Take back the parts that the client has, however long they are.

        Call it once the events are translated that the client knows.
        """
        if self._told:
            yield self._snapshot()

    def of(self, event: Event, member: Member | None) -> list[Piece]:
        """What the next event is; see `Translation.of`."""
        body = event.body
        left: dict[str, RunId | None] = {}
        if isinstance(body, Finished):
            left = self._left_by(event.run)
            self._turns.pop(event.run, None)
        told = self.translation.of(event, member)
        message = ""
        if isinstance(body, Replied) and not body.is_summary and told:
            self._turns[event.run] = body.turn
            message = self.translation.message_of(event.run, body.turn) or ""
            if message in self._told and not body.message.text:
                left = {message: self.translation.subagent_of(event.run)}
        pieces = list(self._taken_back(left, round(event.at * 1000)))
        for number, each in enumerate(told, 1):
            if message in self._told:
                pieces += self._rest(each, number, message)
            else:
                pieces.append(self._piece(each, number))
        return pieces

    def written(self, run: RunId, text: Text, at: int) -> list[Piece] | None:
        """What is told of a text that a run's model is writing.

        Returns:
            None if something before it has yet to be told.
        """
        message = self.translation.message_of(run, text.turn)
        known = self._turns.get(run, 0)
        sure = text.text.rstrip()  # readers of replies cut what is blank at their end
        if self.translation.is_over or message is None or not sure or text.turn <= known:
            return []
        if text.turn > known + 1:
            return None
        return list(self._written(message, run, sure, at))

    def _written(self, message: str, run: RunId, text: str, at: int) -> Iterator[Piece]:
        by = self.translation.subagent_of(run)
        before = self._told.get(message)
        if before is None:
            if len(self._told) >= MOST_WRITING:
                return
            before = self._told[message] = ""
            yield self._piece(
                agui.TextMessageStart(timestamp=at, subagent_run_id=by, message_id=message)
            )
        if before.startswith(text):
            return  # a further try that says the same so far
        if not text.startswith(before):
            before = self._told[message] = ""
            yield self._snapshot()
        self._told[message] = text
        delta = text[len(before) :]
        yield self._piece(
            agui.TextMessageContent(
                timestamp=at, subagent_run_id=by, message_id=message, delta=delta
            )
        )

    def _rest(self, each: agui.AnyEvent, number: int, message: str) -> Iterator[Piece]:
        """What an event of a reply says of a message beyond the part that was told of it."""
        match each:
            case agui.TextMessageStart():
                return
            case agui.TextMessageContent(delta=text):
                if not text.startswith(self._told[message]):
                    self._told[message] = ""
                    yield self._snapshot()
                if rest := text[len(self._told[message]) :]:
                    del self._told[message]
                    yield self._piece(replace(each, delta=rest), number)
            case _:
                del self._told[message]
                yield self._piece(each, number)

    def _left_by(self, run: RunId) -> dict[str, RunId | None]:
        """The messages of a run that ends, and whose they are; with the run itself, those of all."""
        top = self.translation.run
        writers = {message: self.translation.writer_of(message) for message in self._told}
        return {
            message: None if writer == top else writer
            for message, writer in writers.items()
            if run in (top, writer)
        }

    def _taken_back(self, messages: Mapping[str, RunId | None], at: int) -> Iterator[Piece]:
        """End messages that come to nothing: a client drops them, and then no longer waits for them."""
        if not messages:
            return
        yield self._snapshot(without=messages)
        for message, by in messages.items():
            del self._told[message]
            yield self._piece(
                agui.TextMessageEnd(timestamp=at, subagent_run_id=by, message_id=message)
            )

    def _snapshot(self, without: Container[str] = ()) -> Piece:
        texts = {name: text for name, text in self._told.items() if name not in without}
        runs = {name: self.translation.writer_of(name) for name in texts}
        writers = {name: run for name, run in runs.items() if run and run != self.translation.run}
        return self._piece(TakeBack(texts, writers))

    def _piece(self, content: agui.AnyEvent | TakeBack, number: int = 0) -> Piece:
        return Piece(number, content, tuple(self._told))
