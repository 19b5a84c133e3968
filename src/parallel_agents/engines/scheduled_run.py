"""ScheduledRun: a run that this process has, from the queue to its end, and its place among the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parallel_agents.core.engine import Scope
from parallel_agents.core.store import Row
from parallel_agents.engines.live_run import LiveRun, Mailbox
from parallel_agents.engines.slots import Slots

_AHEAD = 1_000_000_000  # of any priority that a task has


@dataclass(slots=True)
class ScheduledRun:
    """A run that this process has: its task once it is admitted, its mail from the start.

    Attributes:
        is_freed: another run of its session ended while this one was being claimed.
        holds: the places that it has now.
        is_parked: it has given them up, and waits for other runs.
        again: settled once it has them again.
    """

    row: Row
    mailbox: Mailbox = field(default_factory=Mailbox)
    live: LiveRun | None = None
    task: asyncio.Task[None] | None = None
    is_freed: bool = False
    holds: Sequence[Scope] = ()
    is_parked: bool = False
    again: asyncio.Future[None] | None = None


class RunSlot:
    """The place of a run here; given up, the run goes before those that have not begun."""

    def __init__(
        self, scheduled: ScheduledRun, places: Slots[ScheduledRun], admit: Callable[[], None]
    ) -> None:
        self._scheduled = scheduled
        self._slots = places
        self._admit = admit
        self._scopes = scheduled.holds

    def park(self) -> None:
        scheduled = self._scheduled
        if not scheduled.is_parked:
            scheduled.is_parked, scheduled.holds = True, ()
            self._slots.give_back(self._scopes)
            self._admit()

    async def take(self) -> None:
        scheduled = self._scheduled
        if not scheduled.is_parked:
            return
        scheduled.again = asyncio.get_running_loop().create_future()
        self._slots.wait(scheduled, self._scopes, priority=scheduled.row.run.priority + _AHEAD)
        self._admit()
        await scheduled.again
        scheduled.is_parked = False
