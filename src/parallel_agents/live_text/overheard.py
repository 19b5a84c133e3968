"""Overheard: a runner whose runs tell other processes what their models write, while somebody looks."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from parallel_agents.core.ids import RunId
from parallel_agents.core.runner import Activation, Runner
from parallel_agents.core.session import Session
from parallel_agents.live_text.folder import MOST_CHARACTERS, LiveTextFolder

MOST_TOLD = 200
"""How many calls of a process tell their text at once; those beyond them are whole, as if nobody looked."""
_WRITE_SECONDS = 0.1


class OverheardRunner:
    """Wraps a runner of agents' runs."""

    def __init__(self, runner: Runner, folder: LiveTextFolder) -> None:
        self._runner = runner
        self._folder = folder
        self._told = Told(MOST_TOLD)

    async def run(self, activation: Activation) -> None:
        claim = activation.claim
        telling = Telling(self._folder, claim.run.id, names_of(claim.session), self._told)
        try:
            await self._runner.run(replace(activation, overhearing=telling))
        finally:
            telling.end()


def names_of(session: Session) -> tuple[str, ...]:
    """What somebody looks at who looks at a session, beside its run."""
    is_root = session.key == session.root
    return (session.root, session.spawn_key) if is_root and session.spawn_key else (session.root,)


class Told:
    """How many calls of this process tell their text: a tree that is looked at may have thousands."""

    __slots__ = ("_left",)

    def __init__(self, most: int) -> None:
        self._left = most

    def take(self) -> bool:
        """Take one place; false if none is left."""
        if not self._left:
            return False
        self._left -= 1
        return True

    def give_back(self) -> None:
        self._left += 1


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
        "_told",
        "_turn",
        "is_wanted",
    )

    def __init__(
        self, folder: LiveTextFolder, run: RunId, names: Sequence[str], told: Told
    ) -> None:
        self.is_wanted = False
        self._folder = folder
        self._run = run
        self._looks = folder.looks_at(run, *names)
        self._told = told
        self._number = self._turn = 0
        self._is_begun = False
        self._left = 0
        self._pending: list[str] = []
        self._timer: asyncio.TimerHandle | None = None

    def begin(self, turn: int) -> None:
        """Look whether somebody looks, before the call of a turn is made."""
        self.end_call()
        self._turn = turn
        self.is_wanted = self._looks() and self._told.take()

    def end_call(self) -> None:
        """Take back what was told of a call that is over; its reply is stored, or it failed."""
        self.take_back()
        if self.is_wanted:
            self.is_wanted = False
            self._told.give_back()

    def write(self, piece: str) -> None:
        """Tell a piece, together with those of the next tenth of a second."""
        if not self.is_wanted:
            return
        if not self._is_begun:
            self._is_begun, self._left = True, MOST_CHARACTERS
            self._folder.begin(self._run, self._next(), self._turn)
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
            self._folder.begin(self._run, self._next(), self._turn)

    def end(self) -> None:
        """Leave nothing."""
        self.end_call()
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
