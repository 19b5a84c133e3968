"""Whole: what is compared on one side: a run with everything below it, or one attempt of a session."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from parallel_agents.comparing.steps import Ids, Step, Track
from parallel_agents.core.budget import Budget
from parallel_agents.core.event import Attempted, Event, Finished, Gated, Queued, Replied
from parallel_agents.core.ids import RunId, SessionKey, short
from parallel_agents.core.message import Message
from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure, RunStatus
from parallel_agents.core.usage import Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """How one side of what is compared is doing, or how it ended.

    Attributes:
        row: the session with its run.
        attempt: which attempt of the run; None for all of it.
        status: how it is doing, or how it ended.
        seconds: how long it was executed so far; None before its start.
        spend: what its own calls used.
        whole_spend: the same, and what everything below it used.
        score: 0 to 10; for a team or a flow without one the mean of those below it; None without any.
        error: what ended it.
        attempts: how many attempts it took.
        earlier: what was said before the run.
    """

    row: Row
    attempt: int | None = None
    status: RunStatus
    seconds: float | None
    spend: Spend
    whole_spend: Spend
    score: float | None = None
    error: Failure | None = None
    attempts: int = 0
    earlier: tuple[Message, ...] = ()

    @property
    def run_id(self) -> RunId:
        return self.row.run.id

    @property
    def label(self) -> str:
        return self.row.session.label

    @property
    def is_live(self) -> bool:
        """Whether it has not ended, so that everything about it is so far only."""
        return not self.status.is_over

    @property
    def cost_usd(self) -> float | None:
        """What its own calls cost in USD; None if that is not known."""
        return self.spend.cost_usd

    def ended(self, told: Told) -> Side:
        """The same with what its events say of its end."""
        return replace(self, score=told.score, error=told.error, earlier=told.earlier)

    @property
    def whole_cost_usd(self) -> float | None:
        """What it and everything below it cost in USD; None if that is not known."""
        return self.whole_spend.cost_usd


def without_tries(rows: Sequence[Row], former: Collection[RunId]) -> list[Row]:
    """The rows but those of former tries, and of what these spawned: the last tries are compared."""
    left_out: set[SessionKey] = set()
    for row in sorted(rows, key=lambda each: each.session.depth):
        if row.run.id in former or row.session.parent in left_out:
            left_out.add(row.session.key)
    return [row for row in rows if row.session.key not in left_out]


@dataclass(slots=True)
class Told:
    """What the events of one run say, as far as it is compared.

    Attributes:
        began_at: when it was first worked on.
        queued: what it was asked for; None if that was not read.
        model: the first one that answered; empty if none did.
        last_reply: the number of the event of the last reply; 0 if there was none.
        earlier: what was said before the run.
    """

    track: Track
    began_at: float
    queued: Queued | None = None
    model: str = ""
    score: float | None = None
    error: Failure | None = None
    last_reply: int = 0
    earlier: tuple[Message, ...] = ()

    def recall(self, messages: Sequence[Message]) -> None:
        """Add what was said before the run."""
        self.earlier = tuple(messages)
        self.track.recall(messages, self.began_at)

    def add(self, event: Event) -> None:
        """Add an event of the run."""
        self.track.add(event)
        match event.body:
            case Queued():
                self.queued = event.body
                if event.body.context:
                    self.recall(event.body.context)
            case Replied(is_summary=False):
                self.model = self.model or event.body.model
                self.last_reply = event.seq
            case Gated(verdict=verdict) if verdict.score is not None:
                self.score = verdict.score
            case Finished(outcome=outcome):
                self.score, self.error = outcome.score, outcome.error
            case _:
                pass


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """One side.

    Attributes:
        top: the session that was named.
        sides: how each session of the tree is doing, by its key.
        told: what the events say of each.
        budget: that of the top.
        left: how many events there are that were not read.
    """

    top: SessionKey
    sides: Mapping[SessionKey, Side]
    told: Mapping[SessionKey, Told]
    budget: Budget | None = None
    left: int = 0
    _below: dict[SessionKey, list[SessionKey]] = field(
        default_factory=dict[SessionKey, list[SessionKey]]
    )

    def __post_init__(self) -> None:
        for key, side in self.sides.items():
            parent = side.row.session.parent
            if key != self.top and parent is not None:
                self._below.setdefault(parent, []).append(key)
        for parent, children in self._below.items():
            told = self.told.get(parent)
            team = None if told is None or told.queued is None else told.queued.team
            places = {key: n for n, key in enumerate(() if team is None else team.keys)}
            children.sort(key=lambda child: self._place(child, places))

    def _place(self, key: SessionKey, places: Mapping[str, int]) -> tuple[int, float, str]:
        row = self.sides[key].row
        place = places.get(row.session.spawn_key, len(places))
        return place, row.run.created_at, key

    @property
    def top_side(self) -> Side:
        """The one that was named, with the mean score of those below it if it has none of its own."""
        top = self.sides[self.top]
        if top.score is not None or not top.row.run.kind.is_group:
            return top
        scores = [
            side.score
            for side in self.sides.values()
            if side.score is not None and not side.row.session.options.is_service
        ]
        return replace(top, score=sum(scores) / len(scores) if scores else None)

    @property
    def began_at(self) -> float:
        """When the top was asked for, or the attempt began, in seconds since the epoch."""
        top = self.sides[self.top]
        return top.row.run.created_at if top.attempt is None else self.told[self.top].began_at

    def children(self, key: SessionKey) -> Sequence[SessionKey]:
        """The sessions that one spawned, in the order of its tasks, and then as they were spawned."""
        return self._below.get(key, ())

    def steps(self, key: SessionKey) -> list[Step]:
        """What a session did, in order."""
        return self.told[key].track.steps()


def ids_of(rows: Sequence[Row], top: SessionKey) -> Ids:
    """The labels that stand for the ids of these sessions and their runs in texts."""
    names: dict[str, str] = {}
    for row in rows:
        label = "top" if row.session.key == top else row.session.label
        names[row.session.key] = names[row.run.id] = label
        if row.session.key.startswith("agent:"):
            names[short(row.session.key)] = label
    return Ids(names)


def told_of(row: Row, ids: Ids, attempt: int | None = None) -> Told:
    """What is known of a run, or of one attempt of it, before its events are read."""
    began = row.run.started_at or row.run.created_at
    told = Told(Track(ids, is_attempt=attempt is not None), began)
    if not row.run.kind.is_group:
        told.track.begin(row.session.agent, began)
    return told


def events_of_attempt(events: Sequence[Event], number: int) -> Iterator[Event]:
    """What the run was asked for, and the events of one of its attempts."""
    attempt = 1
    for event in events:
        if isinstance(event.body, Attempted):
            attempt = event.body.number
        if attempt == number or isinstance(event.body, Queued):
            yield event
