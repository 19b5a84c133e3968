"""Overheard: a runner whose runs tell other processes what their models write, while somebody looks."""

from __future__ import annotations

import asyncio
from dataclasses import replace

from parallel_agents.core.ids import RunId
from parallel_agents.core.runner import Activation, Runner
from parallel_agents.live_text.folder import MOST_CHARACTERS, LiveTextFolder

_WRITE_SECONDS = 0.1


class OverheardRunner:
    """Wraps a runner of agents' runs."""

    def __init__(self, runner: Runner, folder: LiveTextFolder) -> None:
        self._runner = runner
        self._folder = folder

    async def run(self, activation: Activation) -> None:
        telling = Telling(self._folder, activation.claim.run.id)
        try:
            await self._runner.run(replace(activation, overhearing=telling))
        finally:
            telling.end()


class Telling:
    """What one run tells of its text; see `core.runner.Overhearing`."""

    __slots__ = (
        "_folder",
        "_is_begun",
        "_left",
        "_looks",
        "_number",
        "_pending",
        "_run",
        "_timer",
        "is_wanted",
    )

    def __init__(self, folder: LiveTextFolder, run: RunId) -> None:
        self.is_wanted = False
        self._folder = folder
        self._run = run
        self._looks = folder.looks_at(run)
        self._number = 0
        self._is_begun = False
        self._left = 0
        self._pending: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def begin(self) -> None:
        """Look whether somebody looks, before a call is made."""
        self.take_back()
        self.is_wanted = self._looks()

    def write(self, piece: str) -> None:
        """Tell a piece, together with those of the next tenth of a second."""
        if not self.is_wanted:
            return
        if not self._is_begun:
            self._is_begun, self._left = True, MOST_CHARACTERS
            self._folder.begin(self._run, self._next())
        if not self._left:
            return
        told = piece[: self._left]
        self._left -= len(told)
        self._pending.append(told)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(_WRITE_SECONDS, self._flush)

    def take_back(self) -> None:
        """Take back what was told; the next piece begins a text."""
        self._stop()
        if self._is_begun:
            self._is_begun = False
            self._folder.begin(self._run, self._next())

    def end(self) -> None:
        """Leave nothing."""
        self._stop()
        if self._number:
            self._folder.end(self._run)

    def _next(self) -> int:
        self._number += 1
        return self._number

    def _flush(self) -> None:
        self._timer = None
        self._folder.add(self._run, "".join(self._pending))
        self._pending.clear()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._pending.clear()
