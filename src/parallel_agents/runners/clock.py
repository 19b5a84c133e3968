"""Clock: the time limit of a run, which stands still while the run waits for other runs.

That wait has a limit of its own, since the others may never end.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from parallel_agents.core.call_decisions import Answered, Asked
from parallel_agents.core.event import (
    Event,
    HandedBack,
    Started,
    Steered,
    ToolFinished,
)
from parallel_agents.core.limits import DAY_SECONDS
from parallel_agents.core.question import is_budget_key
from parallel_agents.core.run import Run
from parallel_agents.core.runner import RunSlot

# Runs have limits of their own, but no limit bounds their time in the queue.
MOST_PARKED_SECONDS = DAY_SECONDS


class Clock:
    """A time limit as an `async with` block, which ends by TimeoutError as `asyncio.timeout` does.

    Args:
        slot: the run's slot; it is released while the clock stands still.
        left: seconds until the limit, or None for no limit.
    """

    __slots__ = ("_left", "_parked", "_parked_left", "_slot", "_stands", "_timeout")

    def __init__(self, slot: RunSlot, left: float | None) -> None:
        self._slot = slot
        self._left = left
        self._parked_left = MOST_PARKED_SECONDS
        self._timeout = asyncio.timeout(None)
        self._parked = False
        self._stands = False

    @property
    def has_run_out(self) -> bool:
        return self._timeout.expired()

    @property
    def stands(self) -> bool:
        """Whether the run waits for others, so that its own time is paused."""
        return self._stands

    async def __aenter__(self) -> Self:
        await self._timeout.__aenter__()
        self._run()
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
        if self._stands:
            return False
        self._note_left()
        self._stands = True
        self._run()
        self._give_up_slot()
        return True

    def rest(self) -> None:
        """Release the run's slot, and run on; what the run waits for has no limit of its own."""
        self._note_left()
        self._stands = False
        self._run()
        self._give_up_slot()

    async def resume(self) -> None:
        """Take a slot again, and run."""
        if not self._parked:
            return
        self._note_left()
        self._stands = True  # the time until there is a slot is not the run's
        self._run()
        await self._slot.take()
        self._note_left()
        self._parked = self._stands = False
        self._run()

    def _give_up_slot(self) -> None:
        if not self._parked:
            self._slot.park()
            self._parked = True

    def _note_left(self) -> None:
        when = self._timeout.when()
        if when is None:
            return
        left = when - asyncio.get_running_loop().time()
        if self._stands:
            self._parked_left = left
        else:
            self._left = left

    def _run(self) -> None:
        left = self._parked_left if self._stands else self._left
        when = None if left is None else asyncio.get_running_loop().time() + left
        self._timeout.reschedule(when)


def active_seconds(events: Sequence[Event], run: Run) -> float:
    """How long processes have worked on the run, without time parked and time between claims.

    Neither a pause between two processes counts, whatever others wrote in it, nor the machine's sleep.

    Args:
        events: of the run's session, up to the claim.
        run: the run as it was claimed.
    """
    spent, began, last = 0.0, None, 0.0
    waits_since: float | None = None  # while a person is asked about the budget
    waited = 0.0
    for event in events:
        if event.run != run.id or isinstance(event.body, Steered):
            continue
        if isinstance(event.body, Answered):
            if waits_since is not None and is_budget_key(event.key):
                waited, waits_since = event.at - waits_since, None
            continue
        if isinstance(event.body, Started):
            if began is not None:
                spent += last - began
            began, waited = event.at, 0.0
            waits_since = None if waits_since is None else event.at
        elif isinstance(event.body, ToolFinished | HandedBack):
            spent -= event.body.parked_seconds
        elif isinstance(event.body, Asked) and is_budget_key(event.key):
            waits_since = event.at
        spent, waited = spent - waited, 0.0
        last = event.at
    return min(max(spent, 0.0), claimed_seconds(events, run))


def claimed_seconds(events: Sequence[Event], run: Run) -> float:
    """How long processes owned the run before its last claim, without the machine's sleep."""
    claims = [e.at for e in events if e.run == run.id and isinstance(e.body, Started)]
    return run.seconds_until(claims[-1]) or 0.0 if claims else 0.0


def seconds_left(timeout_seconds: float | None, active: float) -> float | None:
    """The part of the run's time limit that is left."""
    return None if timeout_seconds is None else max(timeout_seconds - active, 0.0)
