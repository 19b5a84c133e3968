"""Frames: what each session of a tree did and when, folded from its events; each chart is made of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import NamedTuple

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Attempted,
    Body,
    Event,
    Finished,
    Gated,
    HandedBack,
    Noticed,
    Queued,
    Replied,
    Retrying,
    Started,
    Steered,
    ToolFinished,
    ToolStarted,
    Waiting,
)
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.pause import is_pause, is_unpause
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend

_PAUSE = "the end of its pause"


class SpanKind(StrEnum):
    """What a session does for a while."""

    QUEUED = "queued"
    MODEL = "model"
    TOOL = "tool"
    WAIT = "wait"
    RETRY = "retry"
    ASKS = "asks"


class MarkKind(StrEnum):
    """What happens to a session at one moment."""

    ATTEMPT = "attempt"
    ESCALATED = "escalated"
    STEERED = "steered"
    ENDED = "ended"


class Span(NamedTuple):
    """A part of the time of a session; times are seconds since the epoch."""

    kind: SpanKind
    start: float
    end: float
    what: str = ""


class Mark(NamedTuple):
    """A moment of a session."""

    kind: MarkKind
    at: float
    what: str = ""


class Paid(NamedTuple):
    """A reply and what it cost; the cost is None if its price is unknown."""

    at: float
    model: str
    usd: float | None
    simulated_usd: float


class Scored(NamedTuple):
    """The score of an attempt, 0 to 10."""

    at: float
    attempt: int
    score: float


@dataclass(slots=True, kw_only=True)
class Frame:
    """One session's lane.

    Attributes:
        models: the models it was on, in order: more than one if it escalated.
        status: of its latest run; None if no event said so yet.
        present: what it began last and has not ended, whose end is not known; None for nothing.
        tools: the calls of tools that have not ended, and when each began.
        executed: the tools of which a call began. A model may also call what is no tool.
    """

    label: str
    agent: str = ""
    began_at: float
    last_at: float
    status: RunStatus | None = None
    models: list[str] = field(default_factory=list[str])
    spans: list[Span] = field(default_factory=list[Span])
    marks: list[Mark] = field(default_factory=list[Mark])
    paid: list[Paid] = field(default_factory=list[Paid])
    scores: list[Scored] = field(default_factory=list[Scored])
    present: Span | None = None
    tools: list[tuple[str, float]] = field(default_factory=list[tuple[str, float]])
    executed: set[str] = field(default_factory=set[str])
    is_group: bool = False
    queued_at: float | None = None
    paused_at: float | None = None
    asked_at: float | None = None

    @property
    def spend(self) -> tuple[float | None, float]:
        """The known cost in USD, or None if a price is unknown; and what is simulated."""
        costs = [each.usd for each in self.paid]
        known = [usd for usd in costs if usd is not None]
        simulated = sum(each.simulated_usd for each in self.paid)
        return (sum(known) if len(known) == len(costs) else None), simulated

    def until(self, now: float) -> None:
        """Draw what it does at the moment up to `now`, if its run is live."""
        if self.status is None or self.status.is_over:
            return
        if self.spans and self.spans[-1].end > now:
            self.spans[-1] = self.spans[-1]._replace(end=max(now, self.spans[-1].start))
        if self.present is not None:
            _add(self, self.present._replace(end=now))
        self.last_at = max(self.last_at, now)


@dataclass(slots=True)
class Frames:
    """The frames of a tree by session, in the order in which the sessions began."""

    by_session: dict[SessionKey, Frame] = field(default_factory=dict[SessionKey, Frame])

    @property
    def frames(self) -> list[Frame]:
        return list(self.by_session.values())

    @property
    def began_at(self) -> float:
        return min((frame.began_at for frame in self.frames), default=0.0)

    @property
    def ended_at(self) -> float:
        return max((frame.last_at for frame in self.frames), default=0.0)

    def take(self, event: Event, label: str = "", agent: str = "") -> None:
        """Add an event; the label and agent of its session are kept from the first one."""
        frame = self.by_session.get(event.session)
        if frame is None:
            frame = Frame(
                label=label or event.session, agent=agent, began_at=event.at, last_at=event.at
            )
            self.by_session[event.session] = frame
        _take(frame, event)
        frame.last_at = max(frame.last_at, event.at)


def frames_of(
    events: Iterable[Event],
    labels: Mapping[SessionKey, str] | None = None,
    agents: Mapping[SessionKey, str] | None = None,
) -> Frames:
    """The frames of these events, which are in order.

    Args:
        events: of a session or a tree.
        labels: what sessions are called; their keys without it.
        agents: the names of their agents.
    """
    frames = Frames()
    for event in events:
        label, agent = (labels or {}).get(event.session, ""), (agents or {}).get(event.session, "")
        frames.take(event, label, agent)
    return frames


def _take(frame: Frame, event: Event) -> None:
    at = event.at
    _close_waits(frame, event)
    frame.present = _present(frame, event.body, at)
    if frame.paused_at is not None:
        frame.present = Span(SpanKind.WAIT, frame.paused_at, frame.paused_at, _PAUSE)
    for span in _spans(event.body, at):
        _add(frame, span)
    match event.body:
        case Queued():
            frame.queued_at, frame.status = at, RunStatus.QUEUED
        case Started():
            frame.status = RunStatus.RUNNING
        case Replied() as body:
            _take_reply(frame, body, at)
        case Asked():
            frame.asked_at = at
        case Attempted() as body:
            kind = MarkKind.ESCALATED if body.model else MarkKind.ATTEMPT
            frame.marks.append(Mark(kind, at, body.model or f"attempt {body.number}"))
        case Steered():
            frame.marks.append(Mark(MarkKind.STEERED, at))
        case Gated(attempt=attempt, verdict=verdict) if verdict.score is not None:
            frame.scores.append(Scored(at, attempt, verdict.score))
        case Finished(outcome=outcome):
            frame.status = outcome.status
            frame.marks.append(Mark(MarkKind.ENDED, at, outcome.status.value))
        case _:
            pass


def _present(frame: Frame, body: Body, at: float) -> Span | None:
    """What a session does after an event until another comes, as far as its events say."""
    match body:
        case Queued(team=team, flow=flow):
            frame.is_group = team is not None or flow is not None
            frame.tools.clear()
            return Span(SpanKind.QUEUED, at, at)
        case Asked():
            return Span(SpanKind.ASKS, at, at)
        case ToolStarted(call=call):
            frame.tools.append((call.name, at))
            frame.executed.add(call.name)
        case ToolFinished(result=result):
            begun = next((each for each in frame.tools if each[0] == result.name), None)
            if begun is not None:
                frame.tools.remove(begun)
        case Replied() | Gated() | Finished():
            return None
        case Started():
            frame.tools.clear()
        case Steered() | Noticed():
            return frame.present
        case _:
            pass
    if frame.tools:
        name, since = frame.tools[0]
        return Span(SpanKind.TOOL, since, since, name)
    if frame.is_group:
        return Span(SpanKind.WAIT, at, at, "its agents")
    return Span(SpanKind.MODEL, at, at)


def _spans(body: Body, at: float) -> Iterator[Span]:
    """What an event says of the time before it, or after it."""
    match body:
        case Replied(model=model, seconds=seconds):
            yield Span(SpanKind.MODEL, at - seconds, at, model)
        case ToolFinished(result=result, seconds=seconds, parked_seconds=parked):
            worked = max(seconds - parked, 0.0)
            yield Span(SpanKind.WAIT, at - seconds, at - worked, "its agents")
            yield Span(SpanKind.TOOL, at - worked, at, result.name)
        case HandedBack(parked_seconds=parked):
            yield Span(SpanKind.WAIT, at - parked, at, "its agents")
        case Waiting(reason=reason, seconds=seconds):
            yield Span(SpanKind.WAIT, at, at + seconds, reason)
        case Retrying(error=error, wait_seconds=seconds):
            yield Span(SpanKind.RETRY, at, at + seconds, error.code)
        case _:
            return


def _close_waits(frame: Frame, event: Event) -> None:
    """End what lasts until another event comes: the queue, a question, a wait that was cut short."""
    if frame.queued_at is not None and isinstance(event.body, Started | Finished):
        _add(frame, Span(SpanKind.QUEUED, frame.queued_at, event.at))
        frame.queued_at = None
    if is_pause(event.body) and frame.paused_at is None:
        frame.paused_at = event.at
    is_over = isinstance(event.body, Finished)
    if frame.paused_at is not None and (is_over or is_unpause(event.body)):
        _add(frame, Span(SpanKind.WAIT, frame.paused_at, event.at, _PAUSE))
        frame.paused_at = None
    if frame.asked_at is not None and isinstance(event.body, Answered | Finished):
        _add(frame, Span(SpanKind.ASKS, frame.asked_at, event.at))
        frame.asked_at = None
    last = frame.spans[-1] if frame.spans else None
    if last is not None and last.end > event.at:
        frame.spans[-1] = last._replace(end=max(event.at, last.start))


def _take_reply(frame: Frame, body: Replied, at: float) -> None:
    if body.model not in frame.models[-1:]:
        frame.models.append(body.model)
    spend: Spend = body.spend
    frame.paid.append(Paid(at, body.model, spend.cost_usd, spend.simulated_usd))


def _add(frame: Frame, span: Span) -> None:
    """Add a span; one that began before the one before it has ended begins after that."""
    begun = max(span.start, frame.spans[-1].end if frame.spans else frame.began_at)
    if span.end > begun:
        frame.spans.append(span._replace(start=begun))
