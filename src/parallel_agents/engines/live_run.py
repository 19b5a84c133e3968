"""Live run: a claimed run in the hands of this process, and its only way to the journal."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from parallel_agents.core.event import Entry, Event, Steered, SteerMode
from parallel_agents.core.run import Outcome
from parallel_agents.core.store import Claim, Store
from parallel_agents.errors import Stopping

OnText = Callable[[str], None]


@dataclass(slots=True)
class Mailbox:
    """Words for a run, from before its claim on, so that none falls between claim and start."""

    words: list[Entry] = field(default_factory=list[Entry])
    call: asyncio.Timeout | None = None

    def hear(self, event: Event) -> None:
        if isinstance(event.body, Steered):
            self.words.append(Entry(event.key, event.body))
            if event.body.mode is SteerMode.NOW and self.call is not None:
                self.call.reschedule(asyncio.get_running_loop().time())


class LiveRun:
    """The Activation that runners get.

    Attributes:
        is_finishing: its end is being written by its own runner.
    """

    def __init__(
        self,
        claim: Claim,
        store: Store,
        mailbox: Mailbox,
        *,
        listeners: Sequence[OnText],
        is_stopping: Callable[[], bool],
    ) -> None:
        self.claim = claim
        self.is_finishing = False
        self._store = store
        self._mailbox = mailbox
        self._listeners = listeners
        self._is_stopping = is_stopping
        self._notes: set[asyncio.Task[None]] = set()

    @property
    def wants_text(self) -> bool:
        return bool(self._listeners)

    def text(self, piece: str) -> None:
        for listener in self._listeners:
            listener(piece)

    async def append(self, *entries: Entry) -> None:
        await self._store.append(self.claim.run.id, self.claim.run.epoch, entries)

    def note(self, entry: Entry) -> None:
        task = asyncio.create_task(self.append(entry))
        self._notes.add(task)
        task.add_done_callback(self._drop_note)

    def _drop_note(self, task: asyncio.Task[None]) -> None:
        self._notes.discard(task)
        if not task.cancelled():
            # A note is told to nobody; the run's next append meets the same fault and raises it.
            task.exception()

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        run = self.claim.run
        self.is_finishing = True
        is_over = await self._store.finish(run.id, run.epoch, outcome, steers_seen=steers_seen)
        self.is_finishing = is_over
        return is_over

    def check_stopping(self) -> None:
        if self._is_stopping():
            raise Stopping("this process admits nothing new", mend="run it again with the same id")

    @asynccontextmanager
    async def interruptible(self) -> AsyncGenerator[None]:
        block = asyncio.timeout(None)
        try:
            async with block:
                self._mailbox.call = block
                try:
                    yield
                finally:
                    self._mailbox.call = None
        except TimeoutError:
            if not block.expired():
                raise

    def take_steers(self) -> Sequence[Entry]:
        words, self._mailbox.words = self._mailbox.words, []
        return words
