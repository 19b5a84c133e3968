"""Board: what each agent of a run is doing, folded from its events."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from parallel_agents.core.call_decisions import Asked
from parallel_agents.core.event import (
    Body,
    Event,
    Finished,
    Noticed,
    Replied,
    Retrying,
    Started,
    Steered,
)
from parallel_agents.core.ids import RunId
from parallel_agents.core.pause import is_pause, is_unpause
from parallel_agents.core.question import Question, answered_key
from parallel_agents.core.run import RunStatus
from parallel_agents.core.silence import left_of
from parallel_agents.core.usage import Spend
from parallel_agents.views.activity import doing_on
from parallel_agents.views.events import WAITS_FOR_SLOT, describe
from parallel_agents.views.format import seconds, status as status_word
from parallel_agents.views.sessions import PAUSED, RETRYING
from parallel_agents.views.states import need_you


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One agent's line: its status, and what it is doing.

    Attributes:
        began_at: when it started, moved on by the time while no process executed it. Of one that has
            begun and is queued, `last_at` is when it was last worked on.
        last: its last event except starts.
        last_at: when its last event was written.
        asked: the questions that wait for a person, by the keys of their answers.
        needed: how many sessions need a person: the run's own, and those below it if they are known.
        is_retrying: whether its last call failed and is made again.
        is_paused: whether somebody paused it.
        items: how many rows of a map it does.
    """

    label: str
    status: RunStatus = RunStatus.QUEUED
    doing: str = WAITS_FOR_SLOT
    began_at: float | None = None
    last: Body | None = None
    last_at: float = 0.0
    spend: Spend = Spend()
    asked: Mapping[str, Question] = field(default_factory=dict[str, Question])
    needed: int = 0
    is_retrying: bool = False
    is_paused: bool = False
    items: int = 1

    @property
    def state(self) -> str:
        """The state to show."""
        held = PAUSED if self.is_paused else RETRYING if self.is_retrying else ""
        return held or status_word(self.status)


@dataclass(slots=True)
class Board:
    """The lanes by run, in the order of the team.

    Attributes:
        below: what their children spent, and those without a lane.
        is_begun: whether one of them has begun; what came before, such as an earlier turn of the same
            session, is not theirs.
        team: the run whose process executes the lanes; None if that is not known.
        rows: how many a map has, begun or not; None for anything else.
        asked: what runs without a lane ask a person, such as the flow itself, by the keys of the answers.
    """

    lanes: dict[RunId, Lane]
    below: Spend = Spend()
    is_begun: bool = False
    team: RunId | None = None
    rows: int | None = None
    asked: dict[RunId, Mapping[str, Question]] = field(
        default_factory=dict[RunId, Mapping[str, Question]]
    )

    @classmethod
    def of(cls, labels: Mapping[RunId, str], team: RunId | None = None) -> Board:
        """A board of runs whose labels alone are known."""
        return cls({run: Lane(label=label) for run, label in labels.items()}, team=team)

    def add(self, labels: Mapping[RunId, str], items: int = 1) -> None:
        """Add runs that are met only now, each with so many rows of a map."""
        for run, label in labels.items():
            self.lanes.setdefault(run, Lane(label=label, items=items))

    def remove(self, run: RunId) -> None:
        """Take a lane away that nobody counts."""
        if (lane := self.lanes.pop(run, None)) is not None:
            self.below += lane.spend

    def take(self, event: Event) -> Lane | None:
        """Apply an event; the lane that it changed, or None."""
        lane = self.lanes.get(event.run)
        if lane is None:
            if isinstance(event.body, Replied) and self.is_begun:
                self.below += event.body.spend
            elif isinstance(event.body, Started) and event.run == self.team:
                self._requeue()
            self._take_question(event)
            return None
        self.is_begun = True
        changed = _after(lane, event)
        self.lanes[event.run] = changed
        seen = replace(
            lane,
            began_at=changed.began_at,
            last=changed.last,
            last_at=changed.last_at,
            asked=changed.asked,
        )
        return None if seen == changed else changed

    def _take_question(self, event: Event) -> None:
        asked = _still_asked(self.asked.pop(event.run, {}), event)
        if asked:
            self.asked[event.run] = asked

    def _requeue(self) -> None:
        """What ran when the team's last process ended waits until it is taken up again."""
        for run, lane in self.lanes.items():
            if lane.status is RunStatus.RUNNING:
                doing = lane.doing if lane.asked else WAITS_FOR_SLOT
                self.lanes[run] = replace(
                    lane, status=RunStatus.QUEUED, doing=doing, is_retrying=False
                )

    def count(self, *statuses: RunStatus) -> int:
        return sum(lane.status in statuses for lane in self.lanes.values())

    @property
    def counts(self) -> Sequence[str]:
        """How many are at work, make a call again and wait, and how many need a person."""
        retrying = sum(lane.is_retrying for lane in self.lanes.values())
        paused = Counter(lane.status for lane in self.lanes.values() if lane.is_paused)
        running = self.count(RunStatus.RUNNING) - retrying - paused[RunStatus.RUNNING]
        needed = sum(lane.needed for lane in self.lanes.values())
        needed += sum(bool(asked) for asked in self.asked.values())
        return [
            f"{running} running",
            *([f"{retrying} retrying"] if retrying else []),
            f"{self.count(RunStatus.QUEUED) - paused[RunStatus.QUEUED]} queued",
            *([f"{paused.total()} paused"] if paused else []),
            *([need_you(needed)] if needed else []),
        ]

    @property
    def over(self) -> int:
        """How many runs have ended."""
        return sum(lane.status.is_over for lane in self.lanes.values())

    @property
    def rows_over(self) -> int:
        """How many rows of a map have ended."""
        ended = sum(lane.items for lane in self.lanes.values() if lane.status.is_over)
        return ended if self.rows is None else min(ended, self.rows)

    @property
    def is_over(self) -> bool:
        return self.over == len(self.lanes)

    @property
    def spend(self) -> Spend:
        return sum((lane.spend for lane in self.lanes.values()), self.below)


def seconds_at(lane: Lane, now: float) -> float | None:
    """How long processes have executed a live lane; None before its start."""
    if lane.began_at is None:
        return None
    is_idle = lane.is_paused or lane.status is RunStatus.QUEUED
    return (lane.last_at if is_idle else now) - lane.began_at


def doing_at(lane: Lane, now: float) -> str:
    """What an agent is doing, with what is left of its wait, or for how long a question has waited."""
    if lane.asked:
        return f"{lane.doing}, for {seconds(max(now - lane.last_at, 0.0))}"
    if lane.last is None or lane.doing != describe(lane.last).doing:
        return lane.doing
    return describe(left_of(lane.last, now - lane.last_at)).doing


def _after(lane: Lane, event: Event) -> Lane:
    if isinstance(event.body, Noticed):
        return _noticed(lane, event)
    if isinstance(event.body, Steered):
        return lane  # it goes on with what it does
    worked_until, held = lane.last_at, lane.doing
    lane = replace(lane, doing=doing_on(lane.last or event.body, event.body), last_at=event.at)
    if not isinstance(event.body, Started):
        lane = replace(lane, last=event.body)
    asked = _still_asked(lane.asked, event)
    if lane.is_paused:  # a call in flight has ended
        lane = replace(lane, doing=held)
    elif asked:
        lane = replace(lane, doing=next(iter(asked.values())).told)
    is_retrying = isinstance(event.body, Retrying)
    lane = replace(lane, asked=asked, needed=1 if asked else 0, is_retrying=is_retrying)
    match event.body:
        case Started():
            worked_seconds = 0.0 if lane.began_at is None else worked_until - lane.began_at
            began_at = event.at - worked_seconds
            return replace(lane, status=RunStatus.RUNNING, began_at=began_at)
        case Replied() as reply:
            return replace(lane, spend=lane.spend + reply.spend)
        case Finished(outcome=outcome):
            doing = describe(event.body).doing
            return replace(lane, status=outcome.status, doing=doing, is_paused=False)
        case _:
            return lane


def _noticed(lane: Lane, event: Event) -> Lane:
    if not (is_pause(event.body) or is_unpause(event.body)):
        return lane  # it goes on with what it does
    return replace(
        lane,
        doing=describe(event.body).doing,
        last_at=event.at if is_pause(event.body) else lane.last_at,
        is_paused=is_pause(event.body),
        is_retrying=False,
    )


def _still_asked(before: Mapping[str, Question], event: Event) -> Mapping[str, Question]:
    match event.body:
        case Asked(question=question):
            about = event.key.rpartition("/")[0]
            return {**before, answered_key(about): question}
        case Finished():
            return {}
        case _:
            return {key: asked for key, asked in before.items() if key != event.key}
