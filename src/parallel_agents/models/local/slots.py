"""Slots: which slot of the server a call takes, so that prompts with one beginning are read once.

The server keeps what it has read of each slot's last prompt, and slots share nothing. So a call goes
to the slot whose last prompt begins like its own, and waits for that slot if reading the beginning
anew would take long.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import takewhile

_STEP_CHARACTERS = 512
_MOST_STEPS = 64
# About 500 tokens, which two cores read in seven seconds.
_WORTH_A_WAIT = 4


def beginnings(prompt: str) -> tuple[str, ...]:
    """Digests of the prompt's beginnings, each 512 characters longer than the one before."""
    digest, found = blake2b(digest_size=8), list[str]()
    for end in range(_STEP_CHARACTERS, len(prompt) + 1, _STEP_CHARACTERS):
        digest.update(prompt[end - _STEP_CHARACTERS : end].encode(errors="surrogatepass"))
        found.append(digest.hexdigest())
        if len(found) == _MOST_STEPS:
            break
    return tuple(found)


@dataclass(slots=True)
class _Slot:
    number: int
    read: Sequence[str] = ()
    used: int = 0
    is_busy: bool = False

    def shares(self, beginning: Sequence[str]) -> int:
        """How many steps of a prompt the slot has read."""
        pairs = zip(self.read, beginning, strict=False)
        return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], pairs))


@dataclass(eq=False, slots=True)
class _Waiting:
    beginning: Sequence[str]
    granted: asyncio.Future[_Slot] = field(
        default_factory=lambda: asyncio.get_running_loop().create_future()
    )


class Slots:
    """The slots of one server; calls take them in the order of asking, as far as each has one."""

    def __init__(self, count: int) -> None:
        self._slots = [_Slot(number) for number in range(count)]
        self._waiting: list[_Waiting] = []
        self._uses = 0

    @property
    def busy(self) -> int:
        return sum(slot.is_busy for slot in self._slots)

    @asynccontextmanager
    async def take(self, beginning: Sequence[str]) -> AsyncGenerator[int]:
        """Hold a slot for a call whose prompt has these `beginnings`; yields its number."""
        waiting = _Waiting(beginning)
        self._waiting.append(waiting)
        self._grant()
        try:
            slot = await waiting.granted
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif not waiting.granted.cancelled():
                self._release(waiting.granted.result())
            raise
        try:
            yield slot.number
        finally:
            self._release(slot)

    def _release(self, slot: _Slot) -> None:
        slot.is_busy = False
        self._grant()

    def _grant(self) -> None:
        for waiting in tuple(self._waiting):
            slot = self._choose(waiting.beginning)
            if slot is None or waiting.granted.cancelled():
                continue
            self._waiting.remove(waiting)
            self._uses += 1
            slot.read, slot.used, slot.is_busy = waiting.beginning, self._uses, True
            waiting.granted.set_result(slot)

    def _choose(self, beginning: Sequence[str]) -> _Slot | None:
        """The free slot that has read most of a prompt; None to wait for one that is busy."""
        free = [slot for slot in self._slots if not slot.is_busy]
        if not free:
            return None
        best = max(free, key=lambda slot: (slot.shares(beginning), -slot.used))
        busy = max((s.shares(beginning) for s in self._slots if s.is_busy), default=0)
        return None if busy - best.shares(beginning) >= _WORTH_A_WAIT else best
