"""Carried: a run that this process has, from the queue to its end, and its place among the others."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from parallel_agents.core.engine import Scope
from parallel_agents.core.store import Row
from parallel_agents.engines.live_run import LiveRun, Mailbox
from parallel_agents.engines.places import Places

_AHEAD = 1_000_000_000  # of any priority that a task has


@dataclass(slots=True)
class Carried:
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


class CarriedPlace:
    """The place of a run here; given up, the run goes before those that have not begun."""

    def __init__(
        self, carried: Carried, places: Places[Carried], admit: Callable[[], None]
    ) -> None:
        self._carried = carried
        self._places = places
        self._admit = admit
        self._scopes = carried.holds

    def park(self) -> None:
        carried = self._carried
        if not carried.is_parked:
            carried.is_parked, carried.holds = True, ()
            self._places.give_back(self._scopes)
            self._admit()

    async def take(self) -> None:
        carried = self._carried
        if not carried.is_parked:
            return
        carried.again = asyncio.get_running_loop().create_future()
        self._places.wait(carried, self._scopes, priority=carried.row.run.priority + _AHEAD)
        self._admit()
        await carried.again
        carried.is_parked = False
