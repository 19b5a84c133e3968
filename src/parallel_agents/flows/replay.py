"""Replay: gives a flow the stored ends of its steps in the order in which they came.

A function that acts on whichever step ends first then goes the same way as before. Before it begins
anything new, what is stored and was not asked for tells that the function has changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

# Turns of the loop after which a function that was given an end has asked for all that follows from
# it: each task around the one that waited takes a turn to hear of it.
_TURNS = 4


class Replay:
    """The stored ends of a flow's steps.

    Args:
        names: the steps that began before, by name.
        ended: those of them whose ends are stored, as they ended.
    """

    def __init__(self, names: Iterable[str], ended: Iterable[str]) -> None:
        self._missing = dict.fromkeys(names)
        self._ended = dict.fromkeys(ended)
        self._asked: dict[str, asyncio.Future[None]] = {}
        self._count = 0
        self._pump: asyncio.Task[None] | None = None

    async def turn(self, name: str) -> None:
        """Return when it is this step's turn to end, or to begin if it is new.

        A step is new when it has no stored end: its turn comes once nothing stored is left to give.
        """
        self._missing.pop(name, None)
        if not self._ended and not self._asked and not self._missing:
            return
        self._count += 1
        asked = self._asked[name] = asyncio.get_running_loop().create_future()
        if self._pump is None:
            self._pump = asyncio.create_task(self._give(), name="replay of a flow")
        try:
            await asked
        finally:
            self._asked.pop(name, None)

    def missing(self) -> list[str]:
        """The steps that are stored, and that the function has not asked for."""
        return list(self._missing)

    def close(self) -> None:
        if self._pump is not None:
            self._pump.cancel()

    async def _give(self) -> None:
        while True:
            await self._settled()
            if not self._asked:
                self._pump = None
                return
            asked = self._next()
            if not asked.done():  # it may have been cancelled meanwhile
                asked.set_result(None)

    async def _settled(self) -> None:
        """Return once the function has asked for nothing more for some turns of the loop."""
        turns, count = 0, self._count
        while turns < _TURNS:
            await asyncio.sleep(0)
            turns, count = (turns + 1, count) if count == self._count else (0, self._count)

    def _next(self) -> asyncio.Future[None]:
        for name in self._ended:
            if name in self._asked:
                del self._ended[name]
                return self._asked.pop(name)
        return self._asked.pop(next(iter(self._asked)))
