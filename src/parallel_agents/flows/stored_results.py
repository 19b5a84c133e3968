"""Stored results: those of a flow's children that have ended, read many at once, in the order of use."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeAlias

from parallel_agents.core.ids import RunId
from parallel_agents.core.run import Result

Read: TypeAlias = Callable[[Sequence[RunId]], Awaitable[Sequence[Result]]]

_AT_ONCE = 256


class StoredResults:
    """Results by their runs; each is given once, so that they are not all in memory.

    Args:
        runs: the runs that have ended, in the order in which they will be asked for.
        read: reads the results of some of them.
    """

    def __init__(self, runs: Sequence[RunId], read: Read) -> None:
        self._runs = runs
        self._places = {run: place for place, run in enumerate(runs)}
        self._read = read
        self._results: dict[RunId, Result] = {}
        self._reading = asyncio.Lock()

    async def take(self, run: RunId) -> Result | None:
        """The result of a run; None if it is not one of these."""
        place = self._places.get(run)
        if place is None:
            return None
        async with self._reading:
            if run not in self._results:
                following = self._runs[place : place + _AT_ONCE]
                found = await self._read([each for each in following if each in self._places])
                self._results.update({result.run_id: result for result in found})
        del self._places[run]
        return self._results.pop(run, None)
