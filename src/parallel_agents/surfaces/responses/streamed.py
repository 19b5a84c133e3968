"""Streamed: a response as the events that clients of OpenAI read, in their order and with their numbers.

Clients keep account of items and parts: without the events that open and close them, they show
nothing. What was told cannot be taken back: an item whose text is replaced ends as incomplete, and the
next item has what replaces it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from parallel_agents.core.event import Event, Queued, Replied
from parallel_agents.live_text.folder import Text
from parallel_agents.surfaces.responses.documents import (
    Asked,
    Ended,
    MessageDocument,
    message_document,
    message_id,
    response_document,
    text_document,
)

_PIECE = 2000  # characters of a delta
_Event = Mapping[str, object]
_Status = Literal["completed", "incomplete"]


@dataclass(slots=True)
class _Item:
    """A message that is being told; `turn` is 0 once it is known to be the answer."""

    id: str
    index: int
    turn: int
    text: str = ""

    @property
    def at(self) -> _Event:
        return {"item_id": self.id, "output_index": self.index, "content_index": 0}


class StreamedResponse:
    """The events of a response.

    Attributes:
        asked: of which request it is.
        is_told_live: whether the text of its model is told while it is written. Nothing of it is
            then ever replaced, but by a call that is tried again or a message that comes meanwhile.
    """

    def __init__(self, asked: Asked, *, is_told_live: bool) -> None:
        self.is_told_live = is_told_live
        self.asked = asked
        self._next = 0
        self._items = 0
        self._turn = 0
        self._item: _Item | None = None

    def event(self, kind: str, **values: object) -> _Event:
        """An event with the next number."""
        number, self._next = self._next, self._next + 1
        return {"type": kind, "sequence_number": number, **values}

    def begun(self) -> Iterator[_Event]:
        """A run that is stored."""
        yield self.event("response.created", response=response_document(self.asked))
        yield self.event("response.in_progress", response=response_document(self.asked))

    def of(self, event: Event) -> Iterator[_Event]:
        """What the next event of the run itself is."""
        body = event.body
        if isinstance(body, Queued):
            may_be_replaced = body.gates or body.refine or len(body.ladder) > 1
            self.is_told_live = self.is_told_live and not may_be_replaced
        if not isinstance(body, Replied) or body.is_summary:
            return
        self._turn = body.turn
        item = self._item
        if item is None or item.turn != body.turn:
            return
        text = body.message.text
        if not text.startswith(item.text):
            yield from self._closed("incomplete")
            return
        yield from self._told(text)
        if body.message.tool_calls:
            yield from self._closed("completed", is_answer=False)

    def written(self, text: Text) -> list[_Event] | None:
        """What is told of a text that the run's model is writing.

        Returns:
            None if an event has yet to come before it.
        """
        sure = text.text.rstrip()  # readers of replies cut what is blank at their end
        if not self.is_told_live or not sure or text.turn <= self._turn:
            return []
        if text.turn > self._turn + 1:
            return None
        return list(self._written(text.turn, sure))

    def ended(self, end: Ended) -> Iterator[_Event]:
        """The answer of a run, or why there is none."""
        is_whole = end.status == "completed"
        item = self._item
        if item is not None and not (is_whole and end.text.startswith(item.text)):
            yield from self._closed("incomplete")
        if is_whole:
            if self._item is None:
                yield from self._opened(0)
            yield from self._told(end.text)
            answer = message_document(self._item.id if self._item else "", end.text)
            yield from self._closed("completed")
            end = end._replace(message=answer)
        kind = "response.completed" if is_whole else "response.failed"
        yield self.event(kind, response=response_document(self.asked, end))

    def _written(self, turn: int, text: str) -> Iterator[_Event]:
        item = self._item
        if item is not None and item.turn == turn and item.text.startswith(text):
            return  # a further try that says the same so far
        if item is not None and not (item.turn == turn and text.startswith(item.text)):
            yield from self._closed("incomplete")
        if self._item is None:
            yield from self._opened(turn)
        yield from self._told(text)

    def _opened(self, turn: int) -> Iterator[_Event]:
        name = message_id(self.asked.run, self._items)
        item = self._item = _Item(name, self._items, turn)
        self._items += 1
        opened: _Event = {**message_document(name, ""), "status": "in_progress", "content": ()}
        yield self.event("response.output_item.added", output_index=item.index, item=opened)
        yield self.event("response.content_part.added", **item.at, part=text_document(""))

    def _told(self, text: str) -> Iterator[_Event]:
        """What a text has beyond what was told of it."""
        item = self._item
        if item is None:
            return
        for start in range(len(item.text), len(text), _PIECE):
            delta = text[start : start + _PIECE]
            yield self.event("response.output_text.delta", **item.at, delta=delta, logprobs=[])
        item.text = text

    def _closed(self, status: _Status, *, is_answer: bool = True) -> Iterator[_Event]:
        item, self._item = self._item, None
        if item is None:
            return
        whole: MessageDocument = {**message_document(item.id, item.text), "status": status}
        if not is_answer:
            whole["phase"] = "commentary"
        text = item.text
        yield self.event("response.output_text.done", **item.at, text=text, logprobs=[])
        yield self.event("response.content_part.done", **item.at, part=text_document(text))
        yield self.event("response.output_item.done", output_index=item.index, item=whole)
