"""Frames: what a topic tells its subscribers, encoded once for all of them, 20 times a second at most."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple, Protocol

from parallel_agents.core.event import Event
from parallel_agents.surfaces.gateway.gateway import Gateway
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.views import format

FRAME_SECONDS = 0.05
LOOK_SECONDS = 5.0
# A frame that took much CPU is followed by a pause of this many times as much; what only waited for a
# busy machine is not.
_PAUSE = 4.0


class Frame(NamedTuple):
    """A message to subscribers; `seq` is the number of the event up to which it is told."""

    seq: int
    body: bytes


class Subscriber(Protocol):
    """Somebody who gets the frames of topics."""

    def offer(self, topic: Topic, frame: Frame) -> None:
        """Take a frame, or the fact that there are too many."""
        ...

    def ask_snapshot(self, topic: Topic) -> None:
        """Note that this subscriber needs a snapshot instead of what it missed."""
        ...

    def cut_off(self) -> None:
        """End the connection."""
        ...


class Topic(ABC):
    """Something that is followed; it works only while somebody subscribes to it.

    Attributes:
        name: what clients call it.
        subscribers: who gets its frames.
    """

    def __init__(self, name: str, gateway: Gateway, *, look_seconds: float = LOOK_SECONDS) -> None:
        self.name = name
        self.gateway = gateway
        self.subscribers: set[Subscriber] = set()
        self._look_seconds = look_seconds
        self._news = asyncio.Event()
        self._snapshot: Frame | None = None
        self._making = asyncio.Lock()  # guards `_snapshot`, which is made once for all who ask

    async def run(self) -> None:
        """Send frames until the hub ends or this is cancelled."""
        hub = self.gateway.hub
        with hub.listening(self._hear):
            while not hub.ending.is_set():
                is_look = not await self._has_news()
                began, used = time.monotonic(), time.process_time()
                seq = hub.seq
                content = await self.changes(is_look=is_look)
                if content is None:
                    for subscriber in tuple(self.subscribers):
                        subscriber.ask_snapshot(self)
                elif content:
                    frame = self._frame("delta", seq, content)
                    for subscriber in tuple(self.subscribers):
                        subscriber.offer(self, frame)
                took, used = time.monotonic() - began, time.process_time() - used
                await asyncio.sleep(max(FRAME_SECONDS - took, _PAUSE * min(took, used), 0.0))

    async def snapshot(self) -> Frame:
        """All that there is; made once for all who ask until something happens."""
        async with self._making:
            seq = self.gateway.hub.seq
            if self._snapshot is None or self._snapshot.seq != seq:
                self._snapshot = self._frame("snapshot", seq, await self.whole())
            return self._snapshot

    async def since(self, after: int) -> Frame | None:
        """What happened after an event, if that is little; None for a snapshot instead."""
        content = await self.missed(after)
        return None if content is None else self._frame("delta", self.gateway.hub.seq, content)

    def forget(self) -> None:
        """Make the next snapshot anew, though no event says that it would differ."""
        self._snapshot = None

    def _frame(self, kind: str, seq: int, content: dict[str, object]) -> Frame:
        about = {"topic": self.name, "kind": kind, "seq": seq}
        as_of = format.iso(self.gateway.client.now())
        return Frame(seq, encode({**about, "as_of": as_of, **content}))

    def tell_soon(self) -> None:
        """Make a frame although no event came."""
        self._snapshot = None
        self._news.set()

    def _hear(self, events: Sequence[Event]) -> None:
        self._snapshot = None
        if self.note(events):
            self._news.set()

    async def _has_news(self) -> bool:
        """Wait for news; false after the time at which to look without any."""
        try:
            async with asyncio.timeout(self._look_seconds):
                await self._news.wait()
        except TimeoutError:
            self._snapshot = None
            return False
        finally:
            self._news.clear()
        return True

    @abstractmethod
    def note(self, events: Sequence[Event]) -> bool:
        """Note what new events change; whether they change anything."""

    @abstractmethod
    async def changes(self, *, is_look: bool) -> dict[str, object] | None:
        """What changed since the last frame; empty if nothing, None if too much.

        `is_look` says that nothing was noted for a while: what changes without an event is looked for.
        """

    @abstractmethod
    async def whole(self) -> dict[str, object]:
        """What a snapshot says."""

    async def missed(self, after: int) -> dict[str, object] | None:
        """What happened after an event; None if only a snapshot says it."""
        del after
        return None
