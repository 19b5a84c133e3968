"""Hub: who hears of new events, in one subscription to the store, and the number of the last one.

Nothing here polls, and no reader has a buffer without limit: who falls behind reads the missing
pages from the journal.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection, Generator, Sequence
from contextlib import contextmanager

from parallel_agents.core.event import Event
from parallel_agents.core.event_store import OnEvents
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import Journal
from parallel_agents.core.verbs import SessionReads
from parallel_agents.sessions.tail import Tail

_MOST_BUFFERED = 5000
_PAGE = 500
_MOST_MEMBERS = 100_000


class Hub:
    """The events of a store, as they are announced.

    Attributes:
        seq: the number of the last event that was announced.
        ending: set when the gateway ends, so that streams do.
    """

    def __init__(self, seq: int) -> None:
        self.seq = seq
        self.ending = asyncio.Event()
        self._listeners: list[OnEvents] = []

    def hear(self, events: Sequence[Event]) -> None:
        """Announce new events to everybody who listens."""
        if not events:
            return
        self.seq = max(self.seq, events[-1].seq)
        for listener in tuple(self._listeners):
            listener(events)

    @property
    def listeners(self) -> int:
        """How many listen."""
        return len(self._listeners)

    @contextmanager
    def listening(self, on_events: OnEvents) -> Generator[None]:
        """Call `on_events` with new events until the block ends."""
        self._listeners.append(on_events)
        try:
            yield
        finally:
            self._listeners.remove(on_events)


class Members:
    """Which sessions are in the tree of a session, each looked up once."""

    def __init__(self, sessions: SessionReads, top: SessionKey) -> None:
        self._sessions = sessions
        self._is_in = {top: True}

    async def has(self, session: SessionKey) -> bool:
        if len(self._is_in) > _MOST_MEMBERS:
            self._is_in = {key: True for key, is_in in self._is_in.items() if is_in}
        if session not in self._is_in:
            rows = await self._sessions.list(Filter(session=session))
            above = rows[0].session.parent if rows else None
            self._is_in[session] = above is not None and await self.has(above)
        return self._is_in[session]


class Following:
    """The events of a store after one of them, of a tree or of some kinds only.

    Attributes:
        seen: the number of the last event that was looked at, whether it was one of these or not.
    """

    def __init__(
        self,
        hub: Hub,
        journal: Journal,
        *,
        after: int,
        members: Members | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
    ) -> None:
        self.seen = after
        self._hub = hub
        self._journal = journal
        self._members = members
        self._tree = tree
        self._kinds = kinds
        self._tail = Tail(_MOST_BUFFERED)
        self._is_woken = False

    def wake(self) -> None:
        """Have `batches` give an empty one once no event is left."""
        self._is_woken = True
        self._tail.news.set()

    async def batches(self, patience: float) -> AsyncGenerator[list[Event]]:
        """Batches of events, and an empty one if woken or after so many seconds of silence; until the hub ends."""
        with self._hub.listening(self._tail.hear):
            while not self._hub.ending.is_set():
                self._tail.news.clear()
                while self._tail.is_behind and not self._hub.ending.is_set():
                    yield await self._page()
                found = [event for event in self._tail.take() if event.seq > self.seen]
                if found:
                    chosen = [event for event in found if await self._is_chosen(event)]
                    self.seen = found[-1].seq
                    if chosen:
                        yield chosen
                    continue
                if self._tail.is_behind:
                    continue
                if self._is_woken or not await self._has_news(patience):
                    self._is_woken = False
                    yield []

    async def _page(self) -> list[Event]:
        """The next events from the journal; after the last page, what is announced is enough."""
        self._tail.restart()
        until = self._hub.seq
        page = await self._journal.events(
            after=self.seen, tree=self._tree, kinds=self._kinds, limit=_PAGE
        )
        if len(page) == _PAGE:
            self._tail.is_behind = True
            self.seen = page[-1].seq
        else:
            self.seen = max(self.seen, until, page[-1].seq if page else 0)
        return page

    async def _is_chosen(self, event: Event) -> bool:
        if self._kinds is not None and event.body.kind not in self._kinds:
            return False
        return self._members is None or await self._members.has(event.session)

    async def _has_news(self, patience: float) -> bool:
        news = asyncio.ensure_future(self._tail.news.wait())
        ending = asyncio.ensure_future(self._hub.ending.wait())
        try:
            done, _ = await asyncio.wait(
                (news, ending), timeout=patience, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            news.cancel()
            ending.cancel()
        return bool(done)
