"""Clock: the time limit of a run, which stands still while the run waits for other runs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Self

from parallel_agents.core.event import Event, HandedBack, Started, ToolFinished
from parallel_agents.core.ids import RunId
from parallel_agents.core.runner import RunSlot


class Clock:
    """A time limit as an `async with` block, which ends by TimeoutError as `asyncio.timeout` does.

    Args:
        slot: the run's slot; it is released while the clock stands still.
        left: seconds until the limit, or None for no limit.
    """

    __slots__ = ("_left", "_parked", "_slot", "_timeout")

    def __init__(self, slot: RunSlot, left: float | None) -> None:
        self._slot = slot
        self._left = left
        self._timeout = asyncio.timeout(None)
        self._parked = False

    @property
    def has_run_out(self) -> bool:
        return self._timeout.expired()

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> bool | None:
        return await self._timeout.__aexit__(kind, error, trace)

    def park(self) -> bool:
        """Stand still and release the run's slot; return False if it stands still already."""
        if self._parked:
            return False
        when = self._timeout.when()
        if when is not None:
            self._left = when - asyncio.get_running_loop().time()
            self._timeout.reschedule(None)
        self._slot.park()
        self._parked = True
        return True

    async def resume(self) -> None:
        """Take a slot again, and run."""
        if self._parked:
            await self._slot.take()
            self._parked = False
            self._start()

    def _start(self) -> None:
        if self._left is not None:
            self._timeout.reschedule(asyncio.get_running_loop().time() + self._left)


def active_seconds(events: Iterable[Event], run: RunId) -> float:
    """How long processes have worked on the run, without time parked and time between claims."""
    spent, began, last = 0.0, None, 0.0
    for event in events:
        if event.run != run:
            continue
        if isinstance(event.body, Started):
            if began is not None:
                spent += last - began
            began = event.at
        elif isinstance(event.body, ToolFinished | HandedBack):
            spent -= event.body.parked_seconds
        last = event.at
    return max(spent, 0.0)


def seconds_left(
    timeout_seconds: float | None, events: Iterable[Event], run: RunId
) -> float | None:
    """The part of the run's time limit that is left."""
    if timeout_seconds is None:
        return None
    return max(timeout_seconds - active_seconds(events, run), 0.0)
