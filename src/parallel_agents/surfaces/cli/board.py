"""Board: what each agent of a run is doing, folded from its events."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from parallel_agents.core.event import (
    Attempted,
    Delivered,
    Event,
    Finished,
    Refused,
    Replied,
    Retrying,
    Started,
    ToolFinished,
    ToolStarted,
)
from parallel_agents.core.ids import RunId
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Row
from parallel_agents.core.usage import Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class Lane:
    """One agent's line: where it stands, and what it does now."""

    label: str
    status: RunStatus = RunStatus.QUEUED
    doing: str = "waits for a place"
    began_at: float | None = None
    spend: Spend = Spend()


@dataclass(slots=True)
class Board:
    """The lanes by run, in the order of the team."""

    lanes: dict[RunId, Lane] = field(default_factory=dict[RunId, Lane])

    def add(self, row: Row) -> None:
        self.lanes.setdefault(row.run.id, Lane(label=row.session.label))

    def take(self, event: Event) -> Lane | None:
        """Take in an event; the lane that it changed, or None."""
        lane = self.lanes.get(event.run)
        if lane is None:
            return None
        changed = _after(lane, event)
        self.lanes[event.run] = changed
        return None if changed == lane else changed

    def count(self, *statuses: RunStatus) -> int:
        return sum(lane.status in statuses for lane in self.lanes.values())

    @property
    def over(self) -> int:
        return sum(lane.status.is_over for lane in self.lanes.values())

    @property
    def spend(self) -> Spend:
        return sum((lane.spend for lane in self.lanes.values()), Spend())


def _after(lane: Lane, event: Event) -> Lane:
    match event.body:
        case Started():
            began_at = event.at if lane.began_at is None else lane.began_at
            return replace(
                lane, status=RunStatus.RUNNING, doing="asks the model", began_at=began_at
            )
        case Retrying(error=error, wait_seconds=wait):
            return replace(lane, doing=f"{error.message}; again in {wait:.0f} s")
        case Replied(usage=usage, cost_nanousd=cost):
            call = Spend(usage, 1, cost or 0, int(cost is None))
            return replace(lane, doing="checks the answer", spend=lane.spend + call)
        case ToolStarted(call=call):
            return replace(lane, doing=f"calls {call.name}")
        case ToolFinished() | Delivered():
            return replace(lane, doing="asks the model")
        case Refused():
            return replace(lane, doing="mends its answer")
        case Attempted(number=number):
            return replace(lane, doing=f"begins again, attempt {number}")
        case Finished(outcome=outcome):
            return replace(lane, status=outcome.status, doing="")
        case _:
            return lane
