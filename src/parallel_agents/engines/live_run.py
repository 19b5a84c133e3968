"""Live run: the store's side of a claimed run: its journal and its budget."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from parallel_agents.containment.calls import ends_more_than_a_call
from parallel_agents.core.budget import Amount, Shortage
from parallel_agents.core.event import Entry
from parallel_agents.core.run import Outcome
from parallel_agents.core.runner import RunSlot
from parallel_agents.core.store import Claim, Store

_LOOK_AGAIN_SECONDS = 1.0


class StoreJournal:
    """The RunJournal of a claimed run.

    A note waits until the event loop's next turn. If the run appends events before that, as it does
    after a tool that returns at once, one change of the store writes them all.

    Attributes:
        is_finishing: the run's own runner is writing its end.
        is_limited: a budget of the day limits the run, as of its last append.
    """

    __slots__ = ("_epoch", "_notes", "_run", "_store", "is_finishing", "is_limited")

    def __init__(self, claim: Claim, store: Store) -> None:
        self._run, self._epoch = claim.run.id, claim.run.epoch
        self._store = store
        self._notes: tuple[Entry, ...] = ()
        self.is_finishing = False
        self.is_limited = False

    def note(self, entry: Entry) -> None:
        if not self._notes:
            asyncio.get_running_loop().call_soon(self._send_notes)
        self._notes = (*self._notes, entry)

    async def append(self, *entries: Entry) -> None:
        notes, self._notes = self._notes, ()
        self.is_limited = await self._store.append(self._run, self._epoch, (*notes, *entries))

    def _send_notes(self) -> None:
        notes, self._notes = self._notes, ()
        for entry in notes:
            self._store.append_soon(self._run, self._epoch, entry)

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        self._send_notes()
        self.is_finishing = True
        has_ended = await self._store.finish(
            self._run, self._epoch, outcome, steers_seen=steers_seen
        )
        self.is_finishing = has_ended
        return has_ended


class Settlements:
    """Tells runs that wait for room in a budget when a reservation was settled or released."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def announce(self) -> None:
        """Wake everything that waits."""
        self._next.set()
        self._next = asyncio.Event()

    def upcoming(self) -> asyncio.Event:
        """The event that the next announcement sets."""
        return self._next

    async def wait(self, upcoming: asyncio.Event) -> None:
        """Return at the announcement, or after a second: other processes settle, too."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_LOOK_AGAIN_SECONDS):
                await upcoming.wait()


class StoreBudget:
    """The RunBudget of a claimed run.

    Args:
        claim: the run.
        store: holds the accounts.
        slot: the run rests there while it waits for room.
        journal: knows whether a budget of the day was set since the claim.
        settlements: when to try again.
    """

    __slots__ = ("_claim", "_journal", "_settlements", "_slot", "_store")

    def __init__(
        self,
        claim: Claim,
        store: Store,
        slot: RunSlot,
        journal: StoreJournal,
        settlements: Settlements,
    ) -> None:
        self._claim = claim
        self._store = store
        self._slot = slot
        self._journal = journal
        self._settlements = settlements

    @property
    def is_bound(self) -> bool:
        return self._claim.is_budgeted or self._journal.is_limited

    async def reserve(self, amount: Amount, *, is_last: bool) -> Shortage | None:
        run = self._claim.run
        while True:
            upcoming = self._settlements.upcoming()
            shortage = await self._store.reserve(run.id, run.epoch, amount, is_last=is_last)
            if shortage is None or not shortage.may_wait:
                return shortage
            with self._slot.resting():
                await self._settlements.wait(upcoming)

    def release(self, *, may_be_billed: bool) -> None:
        run = self._claim.run
        self._store.give_back(run.id, run.epoch, may_be_billed=may_be_billed)
        self._settlements.announce()


def ends_more_than_a_run(error: BaseException) -> bool:
    """Whether an error comes from outside of the run: its task was cancelled, or the loop ends."""
    if isinstance(error, asyncio.CancelledError):
        task = asyncio.current_task()
        return task is not None and task.cancelling() > 0
    return ends_more_than_a_call(error)
