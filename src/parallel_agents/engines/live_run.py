"""Live run: a claimed run in the hands of this process, and its only way to the journal."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from parallel_agents.core.budget import Amount, BudgetAccount, Shortage
from parallel_agents.core.event import Entry, Event, Steered, SteerMode
from parallel_agents.core.run import Outcome
from parallel_agents.core.store import Claim, Store
from parallel_agents.errors import Stopping

OnText = Callable[[str], None]

_LOOK_AGAIN_SECONDS = 1.0


def stopping() -> Stopping:
    return Stopping("this process admits nothing new", hint="run it again with the same id")


@dataclass(slots=True)
class Mailbox:
    """Words for a run, from before its claim on, so that none falls between claim and start."""

    words: list[Entry] = field(default_factory=list[Entry])
    call: Interruptible | None = None
    news: asyncio.Event | None = None

    def hear(self, event: Event) -> None:
        if isinstance(event.body, Steered):
            self.words.append(Entry(event.key, event.body))
            if self.news is not None:
                self.news.set()
            if event.body.mode is SteerMode.NOW and self.call is not None:
                self.call.interrupt()


class Interruptible:
    """A block that a word in mode `now` ends early, and quietly.

    It cancels its task as `asyncio.Timeout` does, so that a cancellation from elsewhere passes.
    """

    __slots__ = ("_cancelling", "_is_interrupted", "_mailbox", "_task")

    def __init__(self, mailbox: Mailbox) -> None:
        self._mailbox = mailbox
        self._task: asyncio.Task[object] | None = None
        self._cancelling = 0
        self._is_interrupted = False

    def interrupt(self) -> None:
        if self._task is not None and not self._is_interrupted:
            self._is_interrupted = True
            self._task.cancel()

    async def __aenter__(self) -> None:
        self._task = asyncio.current_task()
        self._cancelling = self._task.cancelling() if self._task else 0
        self._mailbox.call = self

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> bool:
        self._mailbox.call = None
        if not self._is_interrupted or self._task is None:
            return False
        is_ours = self._task.uncancel() <= self._cancelling
        return is_ours and kind is asyncio.CancelledError


class Spending:
    """News of money: settled and given back, so that who waits for room looks again."""

    def __init__(self) -> None:
        self._news = asyncio.Event()

    def note(self) -> None:
        """Something was settled: wake all that wait."""
        self._news.set()
        self._news = asyncio.Event()

    def news(self) -> asyncio.Event:
        """What is set at the next news from now on."""
        return self._news

    async def wait(self, news: asyncio.Event) -> None:
        """Return at the news, or after a second: other processes settle, too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await news.wait()


class Place(Protocol):
    """A run's place in the engine, which it may give to others and take again."""

    def park(self) -> None: ...

    async def take(self) -> None: ...


class Means(NamedTuple):
    """What a run has of its engine: a place, the accounts that pay beside its sessions', and news.

    The accounts are asked for at each call: which day it is decides.
    """

    place: Place
    accounts: Callable[[], Sequence[BudgetAccount]]
    spending: Spending


class LiveRun:
    """The Activation that runners get.

    Attributes:
        is_finishing: its end is being written by its own runner.
        is_resting: it waits, and no call of it is under way.
    """

    def __init__(
        self,
        claim: Claim,
        store: Store,
        mailbox: Mailbox,
        *,
        means: Means,
        listeners: Sequence[OnText],
        is_stopping: Callable[[], bool],
    ) -> None:
        self.claim = claim
        self.is_finishing = False
        self.is_resting = False
        self._store = store
        self._mailbox = mailbox
        self._place, self._accounts, self._spending = means
        self._listeners = listeners
        self._is_stopping = is_stopping

    @property
    def wants_text(self) -> bool:
        return bool(self._listeners)

    def text(self, piece: str) -> None:
        for listener in self._listeners:
            listener(piece)

    async def append(self, *entries: Entry) -> None:
        await self._store.append(self.claim.run.id, self.claim.run.epoch, entries)

    def note(self, entry: Entry) -> None:
        self._store.append_soon(self.claim.run.id, self.claim.run.epoch, entry)

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        run = self.claim.run
        self.is_finishing = True
        is_over = await self._store.finish(run.id, run.epoch, outcome, steers_seen=steers_seen)
        self.is_finishing = is_over
        return is_over

    def check_stopping(self) -> None:
        if self._is_stopping():
            raise stopping()

    @contextmanager
    def resting(self) -> Generator[None]:
        self.check_stopping()
        self.is_resting = True
        try:
            yield
        finally:
            self.is_resting = False

    def interruptible(self) -> Interruptible:
        return Interruptible(self._mailbox)

    @property
    def is_budgeted(self) -> bool:
        return self.claim.is_budgeted or bool(self._accounts())

    async def reserve(self, amount: Amount, *, is_last: bool) -> Shortage | None:
        run = self.claim.run
        while True:
            news = self._spending.news()
            shortage = await self._store.reserve(
                run.id, run.epoch, amount, accounts=self._accounts(), is_last=is_last
            )
            if shortage is None or not shortage.may_wait:
                return shortage
            with self.resting():
                await self._spending.wait(news)

    def give_back(self, *, may_be_billed: bool) -> None:
        run = self.claim.run
        self._store.give_back(run.id, run.epoch, may_be_billed=may_be_billed)
        self._spending.note()

    def park(self) -> None:
        self._place.park()

    async def take_slot(self) -> None:
        await self._place.take()

    async def wait_message(self) -> None:
        if not self._mailbox.words:
            self._mailbox.news = asyncio.Event()
            await self._mailbox.news.wait()

    def take_steers(self) -> Sequence[Entry]:
        words, self._mailbox.words = self._mailbox.words, []
        return words
