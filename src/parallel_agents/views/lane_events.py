"""Lane events: the events of a tree without their texts, as short lists, so that all lanes are one answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from pydantic import JsonValue
from typing_extensions import TypedDict

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.cutting import head
from parallel_agents.core.event import (
    Attempted,
    Body,
    Event,
    Finished,
    Gated,
    Queued,
    Replied,
    Retrying,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Unanswered,
    Waiting,
)
from parallel_agents.core.ids import SessionKey

KINDS: tuple[str, ...] = (
    "queued",
    "started",
    "replied",
    "retrying",
    "waiting",
    "unanswered",
    "tool_started",
    "tool_finished",
    "asked",
    "answered",
    "attempted",
    "steered",
    "gated",
    "finished",
)
_NUMBERS: Mapping[str, int] = {kind: number for number, kind in enumerate(KINDS)}
_MOST_TEXT = 160


class LanesDocument(TypedDict):
    """What each session of a tree did when.

    Each event is a list: how much its number in the store is above that of the event before it, and how
    many milliseconds it came later; both begin at 0 and `began_at`. Then the number of its session in
    `sessions`, of its kind in `kinds`, and what is drawn of it. `left` is how many events came after
    these; the history after `seq` has them.
    """

    began_at: str | None
    seq: int
    sessions: list[SessionKey]
    kinds: list[str]
    events: list[list[JsonValue]]
    left: int


class LaneEvents:
    """The events of one tree so far, to which later ones are added.

    Attributes:
        seq: the number of the last event that was added.
        base: the moment of the first event, in seconds since the epoch; None before there is one.
    """

    def __init__(self) -> None:
        self.seq = 0
        self.base: float | None = None
        self.sessions: dict[SessionKey, int] = {}
        self.events: list[list[JsonValue]] = []
        self._last_seq = 0
        self._last_after = 0

    def add(self, events: Iterable[Event]) -> None:
        """Add events, in their order."""
        for event in events:
            self.seq = event.seq
            number = _NUMBERS.get(event.body.kind)
            if number is None:
                continue
            if self.base is None:
                self.base = event.at
            session = self.sessions.setdefault(event.session, len(self.sessions))
            after = round((event.at - self.base) * 1000)
            steps = (event.seq - self._last_seq, after - self._last_after)
            self._last_seq, self._last_after = event.seq, after
            self.events.append([*steps, session, number, *_facts(event.body)])


def _facts(body: Body) -> list[JsonValue]:  # noqa: PLR0911 - one for each kind
    """What is drawn of an event, in the order in which the page reads it."""
    match body:
        case Queued():
            return [body.team is not None or body.flow is not None]
        case Replied():
            return [body.model, _short(body.seconds), body.cached]
        case Retrying():
            return [body.attempt, _short(body.wait_seconds), _text(body.error.message)]
        case Waiting():
            return [_text(body.reason), _short(body.seconds)]
        case ToolStarted():
            return [body.call.name]
        case ToolFinished():
            result = body.result
            return [result.name, result.is_error, _short(body.seconds), _short(body.parked_seconds)]
        case Asked():
            return [body.question.tool, _text(body.question.text)]
        case Attempted():
            return [body.number, body.model, _text(body.error.message)]
        case Steered():
            return [_text(body.by), _text(body.text)]
        case Gated():
            verdict = body.verdict
            critique = _text(verdict.critique or "")
            return [verdict.gate, verdict.is_accepted, verdict.score, critique]
        case Finished():
            error = body.outcome.error
            return [] if error is None else [error.code, _text(error.message)]
        case Started() | Unanswered() | Answered() | _:
            return []


def _text(text: str) -> str:
    return head(text, _MOST_TEXT)


def _short(seconds: float) -> float:
    return round(seconds, 3)
