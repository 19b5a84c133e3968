"""Slots: which waiting run goes next, so that no scope ever exceeds its limit.

A scope is anything with a limit of its own: the process, a team, an agent, a model. Runs with the
same scopes wait in one lane; the most urgent run of all lanes with room goes first.
"""

from __future__ import annotations

import asyncio
import heapq
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Generic, NamedTuple, TypeVar

from parallel_agents.core.engine import Scope
from parallel_agents.core.event import Body
from parallel_agents.core.pause import is_pause, is_unpause
from parallel_agents.core.row import Row
from parallel_agents.engines.live_run import StoreJournal
from parallel_agents.engines.mailbox import Mailbox
from parallel_agents.errors import Stopping

T = TypeVar("T")

_AHEAD = 1_000_000_000  # of any priority that a task has


class Waiting(NamedTuple, Generic[T]):
    """An entry of a lane: higher priority first, then first come, first served."""

    urgency: int
    arrival: int
    item: T


@dataclass(slots=True)
class Slots(Generic[T]):
    """The queue. It has no clock and no task; its owner calls `take` when a slot may be free."""

    _bounds: dict[Scope, int | None] = field(default_factory=dict[Scope, int | None])
    _used: Counter[Scope] = field(default_factory=Counter[Scope])
    _lanes: dict[tuple[Scope, ...], list[Waiting[T]]] = field(
        default_factory=dict[tuple[Scope, ...], list[Waiting[T]]]
    )
    _arrivals: int = 0

    def bound(self, scope: Scope, at_most: int | None) -> None:
        """Limit the runs of `scope` at once; a lower limit ends no run, but new runs wait."""
        self._bounds[scope] = at_most

    def has_bound(self, scope: Scope) -> bool:
        """Whether a limit, even "unlimited", was set."""
        return scope in self._bounds

    def wait(self, item: T, scopes: Sequence[Scope], *, priority: int = 0) -> None:
        """Put an item into the queue."""
        lane = self._lanes.setdefault(tuple(scopes), [])
        self._arrivals += 1
        heapq.heappush(lane, Waiting(-priority, self._arrivals, item))

    def take(self) -> tuple[T, tuple[Scope, ...]] | None:
        """The next item with room in all its scopes, and the scopes in which it now has a slot."""
        open_lanes = [scopes for scopes in self._lanes if self._full_scope(scopes) is None]
        if not open_lanes:
            return None
        scopes = min(open_lanes, key=lambda scopes: self._lanes[scopes][0][:2])
        lane = self._lanes[scopes]
        item = heapq.heappop(lane).item
        if not lane:
            del self._lanes[scopes]
        self._used.update(scopes)
        return item, scopes

    def release(self, scopes: Sequence[Scope]) -> None:
        """Free a slot in each of these scopes."""
        for scope in scopes:
            self._used[scope] -= 1
            if not self._used[scope]:
                del self._used[scope]

    def clear(self) -> list[T]:
        """Empty the queue and return its items."""
        dropped = [waiting.item for lane in self._lanes.values() for waiting in lane]
        self._lanes.clear()
        return dropped

    def _full_scope(self, scopes: Sequence[Scope]) -> Scope | None:
        for scope in scopes:
            bound = self._bounds.get(scope)
            if bound is not None and self._used[scope] >= bound:
                return scope
        return None


@dataclass(slots=True)
class ScheduledRun:
    """A run in this process, from the queue to its end.

    Attributes:
        task: executes the run; None until it is admitted.
        journal: None until it is claimed.
        is_freed: another run of its session ended while this one was being claimed.
        is_paused: its session was paused after it was claimed.
        has_left: it has stopped for that, or is about to.
        scopes: the scopes in which it has a slot now.
        is_parked: it has released its slot and waits for other runs.
        is_resting: it waits and has no call in flight.
        returning: done once it has a slot again.
        calls: its tool calls in flight that do not wait for other runs.
        quieted: done once there are none, if anybody waits for that.
    """

    row: Row
    mailbox: Mailbox = field(default_factory=Mailbox)
    task: asyncio.Task[None] | None = None
    journal: StoreJournal | None = None
    is_freed: bool = False
    is_paused: bool = False
    has_left: bool = False
    scopes: Sequence[Scope] = ()
    is_parked: bool = False
    is_resting: bool = False
    returning: asyncio.Future[None] | None = None
    calls: int = 0
    quieted: asyncio.Future[None] | None = None

    @property
    def is_working(self) -> bool:
        """Whether it is in a call that can end by itself; a team and a run that waits are not."""
        return (
            self.task is not None
            and not self.task.done()
            and (self.calls > 0 or not (self.is_parked or self.row.run.kind.is_group))
        )

    @property
    def is_waiting_to_return(self) -> bool:
        return self.returning is not None and not self.returning.done()

    def cancel(self) -> None:
        """Cancel the run, if it has been admitted."""
        if self.task is not None:
            self.task.cancel()

    def hear(self, body: Body) -> None:
        """Let the run begin nothing more if it is paused, until that ends; one that only waits leaves."""
        self.is_paused = is_pause(body) or (self.is_paused and not is_unpause(body))
        self.leave_if_paused()

    def leave_if_paused(self) -> None:
        """Cancel a paused run that has no call in flight."""
        if self.is_paused and self.journal and (self.is_resting or not self.is_working):
            self.has_left = True
            self.cancel()

    def check_paused(self) -> None:
        """Raise Stopping in a run that is paused."""
        if self.is_paused:
            self.has_left = True
            raise Stopping("the run is paused", hint="`pagents unpause` lets it go on")

    def end(self) -> None:
        """Cancel a run that was ended from outside; one that writes its own end finds that out."""
        self.is_paused = self.has_left = False
        if not (self.journal and self.journal.is_finishing):
            self.cancel()

    def return_to(self, scopes: Sequence[Scope]) -> None:
        """Give a parked run its slot again."""
        if self.returning is not None:
            self.scopes = scopes
            self.returning.set_result(None)

    def refuse_return(self) -> None:
        """End the wait of a parked run for its slot."""
        if self.returning is not None and not self.returning.done():
            self.returning.set_exception(stopping())


async def until_quiet(runs: Sequence[ScheduledRun]) -> None:
    """Return once each of these runs, which are at work, has stopped or does nothing but wait."""
    ends: list[asyncio.Future[None]] = []
    for run in runs:
        if run.is_parked:
            run.quieted = run.quieted or asyncio.get_running_loop().create_future()
            ends.append(run.quieted)
        elif run.task is not None:
            ends.append(run.task)
    await asyncio.wait(ends)


class EngineSlot:
    """The RunSlot of a scheduled run; to return it goes ahead of runs that have not begun.

    Args:
        scheduled: the run; it has a slot.
        slots: the queue.
        admit: lets the engine use slots that have become free.
        is_stopping: whether the engine starts no new runs.
    """

    __slots__ = ("_admit", "_is_stopping", "_scheduled", "_scopes", "_slots")

    def __init__(
        self,
        scheduled: ScheduledRun,
        slots: Slots[ScheduledRun],
        admit: Callable[[], None],
        is_stopping: Callable[[], bool],
    ) -> None:
        self._scheduled = scheduled
        self._slots = slots
        self._admit = admit
        self._is_stopping = is_stopping
        self._scopes = scheduled.scopes

    def park(self) -> None:
        scheduled = self._scheduled
        if not scheduled.is_parked:
            self.check_stopping()  # those that it would wait for may have stopped already
            scheduled.is_parked, scheduled.scopes = True, ()
            self._slots.release(self._scopes)
            self._admit()

    async def take(self) -> None:
        scheduled = self._scheduled
        if not scheduled.is_parked:
            return
        scheduled.returning = asyncio.get_running_loop().create_future()
        self._slots.wait(scheduled, self._scopes, priority=scheduled.row.run.priority + _AHEAD)
        self._admit()
        await scheduled.returning
        scheduled.is_parked = False

    def check_stopping(self) -> None:
        if self._is_stopping():
            raise stopping()
        self._scheduled.check_paused()

    def begin_call(self) -> None:
        self._scheduled.calls += 1

    def end_call(self) -> None:
        scheduled = self._scheduled
        scheduled.calls -= 1
        if not scheduled.calls and scheduled.quieted is not None:
            scheduled.quieted.set_result(None)
            scheduled.quieted = None
        scheduled.leave_if_paused()

    @contextmanager
    def resting(self) -> Generator[None]:
        self.check_stopping()
        self._scheduled.is_resting = True
        try:
            yield
        finally:
            self._scheduled.is_resting = False


def stopping() -> Stopping:
    return Stopping(
        "this process is stopping and starts no new runs", hint="run it again with the same id"
    )
