"""Runner: how a claimed run is carried out, to its outcome."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import Protocol

from parallel_agents.core.budget import Amount, Shortage
from parallel_agents.core.event import Entry
from parallel_agents.core.run import Outcome
from parallel_agents.core.store import Claim


class Activation(Protocol):
    """A run in the hands of this process: the claim, and the only way to write to its journal."""

    @property
    def claim(self) -> Claim: ...

    @property
    def wants_text(self) -> bool:
        """Whether somebody reads along."""
        ...

    def text(self, piece: str) -> None:
        """Pass on a piece of text to who reads along; it is not kept."""
        ...

    def note(self, entry: Entry) -> None:
        """Write an event without waiting until it is durable."""
        ...

    async def append(self, *entries: Entry) -> None:
        """Write events, durable on return.

        Raises:
            OwnershipLost: the run is no longer this process's.
        """
        ...

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        """End the run; False when words came in beyond the `steers_seen` that were taken in.

        Without `steers_seen` the run ends whether or not words wait.

        Raises:
            OwnershipLost: as for append.
        """
        ...

    def check_stopping(self) -> None:
        """Raise Stopping when this process admits nothing new: a run stops between two calls."""
        ...

    def resting(self) -> AbstractContextManager[None]:
        """A block in which the run waits and no call of it is under way; a stop breaks it off there.

        Raises:
            Stopping: on entry, where this process admits nothing new.
        """
        ...

    def interruptible(self) -> AbstractAsyncContextManager[None]:
        """A block that a word in mode `now` ends early, and quietly."""
        ...

    @property
    def is_budgeted(self) -> bool:
        """Whether a budget bounds what the run spends."""
        ...

    async def reserve(self, amount: Amount, *, is_last: bool) -> Shortage | None:
        """Reserve the worst case of the next call, once what others hold leaves room; or why not.

        Raises:
            OwnershipLost, PriceUnknown: as for the store.
        """
        ...

    def give_back(self, *, may_be_billed: bool) -> None:
        """Give back what a call without a reply had reserved, or count it as spent."""
        ...

    def park(self) -> None:
        """Give the run's place to others, until `take_slot`."""
        ...

    async def take_slot(self) -> None:
        """Have a place again; the run goes before those that have not begun."""
        ...

    async def wait_message(self) -> None:
        """Return once words have come in that were not taken."""
        ...

    def take_steers(self) -> Sequence[Entry]:
        """Words that came in since the last time."""
        ...


class Runner(Protocol):
    async def run(self, activation: Activation) -> None:
        """Carry the run on from where its events leave off, and finish it.

        Raises:
            OwnershipLost: it was ended, or another process has it.
            Stopping: it was asked to stop, and did at a point from which it can go on.
        """
        ...
