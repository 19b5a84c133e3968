"""Lane events: the events of a tree without their texts, as short lists, so that all lanes are one answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, cast

import orjson
from pydantic import JsonValue
from typing_extensions import TypedDict

from parallel_agents.core.cutting import head
from parallel_agents.core.event_store import StoredEvent
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.schema import Json
from parallel_agents.views.documents import body_json

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
_ENCODED_AT_ONCE = 1000


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


class LaneEvent(NamedTuple):
    """What lanes draw of an event; `kind` is its number in `KINDS`, and None if they draw nothing."""

    seq: int
    at: float
    session: SessionKey
    kind: int | None
    facts: list[JsonValue]


@dataclass(frozen=True, slots=True, kw_only=True)
class LaneEvents:
    """The events of one tree so far.

    Attributes:
        seq: the number of the last event that was read, whether it is drawn or not.
        base: the moment of the first event, in seconds since the epoch; None before there is one.
        count: how many were read.
        sessions: the sessions, each with its number.
        encoded: those that are drawn, as JSON without its brackets: a hundred thousand lists would
            cost ten times the memory, and be looked at by each collection of garbage.
        last_seq: the number of the last event that is drawn, and `last_after` its milliseconds after `base`.
    """

    seq: int = 0
    base: float | None = None
    count: int = 0
    sessions: Mapping[SessionKey, int] = field(default_factory=dict[SessionKey, int])
    encoded: bytes = b""
    last_seq: int = 0
    last_after: int = 0

    def grown(self, events: Iterable[StoredEvent]) -> LaneEvents:
        """These events and later ones, which come in their order."""
        seq, base, sessions = self.seq, self.base, {**self.sessions}
        count, last_seq, last_after = self.count, self.last_seq, self.last_after
        encoded, added = bytearray(self.encoded), list[list[JsonValue]]()
        for seq, at, session, kind, facts in map(lane_event, events):
            count += 1
            if kind is None:
                continue
            if base is None:
                base = at
            number = sessions.setdefault(session, len(sessions))
            after = round((at - base) * 1000)
            added.append([seq - last_seq, after - last_after, number, kind, *facts])
            last_seq, last_after = seq, after
            if len(added) == _ENCODED_AT_ONCE:
                encoded += _joined(encoded, added)
                added.clear()
        return LaneEvents(
            seq=seq,
            base=base,
            count=count,
            sessions=sessions,
            encoded=bytes(encoded + _joined(encoded, added)),
            last_seq=last_seq,
            last_after=last_after,
        )


def _joined(encoded: bytearray, added: list[list[JsonValue]]) -> bytes:
    """Further lists as JSON that continues what is encoded."""
    return (b"," if encoded and added else b"") + orjson.dumps(added)[1:-1]


def lane_event(stored: StoredEvent) -> LaneEvent:
    """What lanes draw of an event; nothing of one that cannot be read."""
    try:
        body = cast("Body", orjson.loads(stored.body))
        kind = _NUMBERS.get(_text_of(body, "kind"))
        facts = [] if kind is None else _FACTS[kind](body)
    except (KeyError, TypeError, ValueError):
        # Of an older form or damaged: whoever reads the whole of it knows which.
        event = stored.event()
        kind = _NUMBERS.get(event.body.kind)
        facts = [] if kind is None else _FACTS[kind](body_json(event))
    return LaneEvent(stored.seq, stored.at, stored.session, kind, facts)


Body = Mapping[str, Json]


def _queued(body: Body) -> list[JsonValue]:
    return [body.get("team") is not None or body.get("flow") is not None]


def _replied(body: Body) -> list[JsonValue]:
    return [_text_of(body, "model"), _short(body["seconds"]), body.get("cached") is True]


def _retrying(body: Body) -> list[JsonValue]:
    error = _below(body, "error")
    return [_number(body["attempt"]), _short(body["wait_seconds"]), _cut(error, "message")]


def _waiting(body: Body) -> list[JsonValue]:
    return [_cut(body, "reason"), _short(body["seconds"])]


def _tool_started(body: Body) -> list[JsonValue]:
    return [_text_of(_below(body, "call"), "name")]


def _tool_finished(body: Body) -> list[JsonValue]:
    result = _below(body, "result")
    times = _short(body["seconds"]), _short(body.get("parked_seconds", 0.0))
    return [_text_of(result, "name"), result.get("is_error") is True, *times]


def _asked(body: Body) -> list[JsonValue]:
    question = _below(body, "question")
    return [_text_of(question, "tool", ""), _cut(question, "text")]


def _attempted(body: Body) -> list[JsonValue]:
    error = _below(body, "error")
    return [_number(body["number"]), _text_of(body, "model", ""), _cut(error, "message")]


def _steered(body: Body) -> list[JsonValue]:
    return [_cut(body, "by"), _cut(body, "text")]


def _gated(body: Body) -> list[JsonValue]:
    verdict = _below(body, "verdict")
    score = verdict.get("score")
    told = None if score is None else _number(score)
    is_accepted = verdict["is_accepted"] is True
    return [_text_of(verdict, "gate"), is_accepted, told, _cut(verdict, "critique", "")]


def _finished(body: Body) -> list[JsonValue]:
    outcome = _below(body, "outcome")
    if outcome.get("error") is None:
        return []
    error = _below(outcome, "error")
    return [_text_of(error, "code"), _cut(error, "message")]


def _nothing(_: Body) -> list[JsonValue]:
    return []


# What is drawn of an event, in the order in which the page reads it.
_DRAWN: Mapping[str, Callable[[Body], list[JsonValue]]] = {
    "queued": _queued,
    "replied": _replied,
    "retrying": _retrying,
    "waiting": _waiting,
    "tool_started": _tool_started,
    "tool_finished": _tool_finished,
    "asked": _asked,
    "attempted": _attempted,
    "steered": _steered,
    "gated": _gated,
    "finished": _finished,
}
_FACTS = [_DRAWN.get(kind, _nothing) for kind in KINDS]


def _below(body: Body, name: str) -> Body:
    value = body[name]
    if not isinstance(value, dict):
        raise TypeError(name)
    return value


def _text_of(body: Body, name: str, default: str | None = None) -> str:
    value = body[name] if default is None else body.get(name, default)
    if not isinstance(value, str):
        raise TypeError(name)
    return value


def _cut(body: Body, name: str, default: str | None = None) -> str:
    return head(_text_of(body, name, default), _MOST_TEXT)


def _number(value: Json) -> int | float:
    if not isinstance(value, int | float):
        raise TypeError("number")
    return value


def _short(seconds: Json) -> float:
    return round(_number(seconds), 3)
