"""Streamed: a response as the events that clients of OpenAI read, in their order and with their numbers.

Clients keep account of items and parts: without the events that open and close them, they show
nothing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from parallel_agents.surfaces.responses.documents import (
    Asked,
    Ended,
    message_document,
    message_id,
    response_document,
    text_document,
)

_PIECE = 2000  # characters of a delta
_Event = Mapping[str, object]


class Numbered:
    """Gives each event of a stream the next number."""

    def __init__(self) -> None:
        self._next = 0

    def event(self, kind: str, **values: object) -> _Event:
        number, self._next = self._next, self._next + 1
        return {"type": kind, "sequence_number": number, **values}


def begun(numbered: Numbered, asked: Asked) -> Iterator[_Event]:
    """A run that is stored."""
    yield numbered.event("response.created", response=response_document(asked))
    yield numbered.event("response.in_progress", response=response_document(asked))


def ended(numbered: Numbered, asked: Asked, end: Ended) -> Iterator[_Event]:
    """The answer of a run, or why there is none."""
    if end.status == "completed":
        yield from _message(numbered, asked, end.text)
    kind = "response.completed" if end.status == "completed" else "response.failed"
    yield numbered.event(kind, response=response_document(asked, end))


def _message(numbered: Numbered, asked: Asked, text: str) -> Iterator[_Event]:
    whole = message_document(asked.run, text)
    at = {"item_id": message_id(asked.run), "output_index": 0, "content_index": 0}
    opened: _Event = {**whole, "status": "in_progress", "content": ()}
    yield numbered.event("response.output_item.added", output_index=0, item=opened)
    yield numbered.event("response.content_part.added", **at, part=text_document(""))
    for start in range(0, len(text), _PIECE):
        delta = text[start : start + _PIECE]
        yield numbered.event("response.output_text.delta", **at, delta=delta, logprobs=[])
    yield numbered.event("response.output_text.done", **at, text=text, logprobs=[])
    yield numbered.event("response.content_part.done", **at, part=text_document(text))
    yield numbered.event("response.output_item.done", output_index=0, item=whole)
