"""Event store: what happened, in order, and word of what happens."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple, Protocol, TypeVar

from parallel_agents.core.audit import Audit, ChainCheck, RowCheck
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import StoreError

T = TypeVar("T")
OnEvents = Callable[[Sequence[Event]], None]
Unsubscribe = Callable[[], None]


class Mark(NamedTuple):
    """A link of the chain of hashes, by which whoever follows the journal knows it again.

    Attributes:
        number: of the link.
        last_seq: the number of the last event that it covers.
        hash: over all events up to there, as they were written.
        pruning: the link with the record of the store's last pruning; 0 if there was none.
    """

    number: int
    last_seq: int
    hash: bytes
    pruning: int


class StoredEvent(NamedTuple):
    """An event as it is stored, for who needs a part of it and reads very many.

    Attributes:
        body: its body as JSON; empty if that is in an older form, or cannot be read.
        event: makes the event of it, which takes ten times as long as parsing the JSON.
    """

    seq: int
    at: float
    session: SessionKey
    body: bytes
    event: Callable[[], Event]


class EventStore(Protocol):
    """Reads, reports and verifies events."""

    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """The events with a `seq` above `after`, in order: all, or those of one session or tree.

        With `kinds`, only events whose body is of one of these kinds.
        """
        ...

    async def fold_events(
        self,
        fold: Callable[[Iterable[StoredEvent]], T],
        *,
        tree: SessionKey,
        after: int,
        limit: int,
    ) -> T:
        """What `fold` makes of a page of events of a tree while they are read, in another thread."""
        ...

    async def last_events(
        self,
        *,
        before: int | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int,
    ) -> list[Event]:
        """The last events with a `seq` below `before`, in order; arguments as for `events`."""
        ...

    async def kept_event(self, session: SessionKey, run: str, key: str) -> Event | None:
        """The event under a key of a run of this session whose id begins so; None if there is none."""
        ...

    async def count_events(
        self, *, before: int | None = None, tree: SessionKey | None = None
    ) -> int:
        """How many events there are with a `seq` below `before`, of any kind."""
        ...

    async def last_seq(self) -> int:
        """The number of the last event that there ever was, pruned or not; 0 if there was none."""
        ...

    async def mark(self, number: int | None = None) -> Mark | None:
        """The link with this number, or else the last one; None if there is none."""
        ...

    def subscribe(self, on_events: OnEvents) -> Unsubscribe:
        """Call `on_events` on the loop with every batch of new events, whoever wrote them, in order."""
        ...

    def on_failure(self, tell: Callable[[StoreError], None]) -> Unsubscribe:
        """Call `tell` on the loop once the store can no longer be written or watched."""
        ...

    async def check_chain(self, head: str = "") -> ChainCheck:
        """Recompute the hashes over all events; `head`, in hex, must be one of them."""
        ...

    async def check_rows(self) -> RowCheck:
        """Check that each run's row matches its events."""
        ...

    async def verify_all(self, head: str = "") -> Audit:
        """Check the chain and the rows, and note how far they are intact."""
        ...

    async def verify_new(self, head: str = "") -> Audit:
        """The same, of what came after the last note, if nothing before it looks different."""
        ...
