"""Runner: executes a claimed run until it has an outcome, through the parts of its activation.

An activation is a value made of small parts. A runner uses the parts that it needs; a wrapper
replaces one of them (`replace(activation, journal=...)`) and passes the others on as they are.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from dataclasses import dataclass
from typing import Protocol

from parallel_agents.core.budget import Amount, Shortage
from parallel_agents.core.call_decisions import Answered
from parallel_agents.core.event import Entry
from parallel_agents.core.run import Outcome
from parallel_agents.core.store import Claim


class RunJournal(Protocol):
    """The only way to write to the run's journal."""

    def note(self, entry: Entry) -> None:
        """Write an event without waiting for it to become durable."""
        ...

    async def append(self, *entries: Entry) -> None:
        """Write events; they are durable on return.

        Raises:
            OwnershipLost: the run no longer belongs to this process.
        """
        ...

    async def finish(self, outcome: Outcome, *, steers_seen: int | None = None) -> bool:
        """End the run; return False if more than `steers_seen` messages have arrived.

        Without `steers_seen` the run ends even if messages are waiting.

        Raises:
            OwnershipLost: as for append.
        """
        ...


class RunSlot(Protocol):
    """The run's slot in its engine."""

    def park(self) -> None:
        """Release the slot until `take`.

        Raises:
            Stopping: this process is stopping, and what the run would wait for may have stopped.
        """
        ...

    async def take(self) -> None:
        """Take a slot again, ahead of runs that have not begun.

        Raises:
            Stopping: this process starts no new runs.
        """
        ...

    def check_stopping(self) -> None:
        """Raise Stopping if this process starts nothing new; call it between two calls."""
        ...

    def begin_call(self) -> None:
        """A tool call is in flight, which a stop lets end although another call of the run waits."""
        ...

    def end_call(self) -> None:
        """The call has ended and is stored, or waits from now on."""
        ...

    def resting(self) -> AbstractContextManager[None]:
        """A block in which the run waits and has no call in flight; a stop cancels it there.

        Raises:
            Stopping: on entry, if this process starts nothing new.
        """
        ...


class RunInbox(Protocol):
    """The messages that are sent to the run while it is live."""

    def take_messages(self) -> Sequence[Entry]:
        """The messages that have arrived since the last call."""
        ...

    async def wait_message(self) -> None:
        """Return once there is a message that was not taken yet."""
        ...

    async def wait_answer(self, key: str) -> Answered:
        """The answer under this key of an event, once somebody gave it."""
        ...

    def interruptible(self) -> AbstractAsyncContextManager[None, bool]:
        """A block that a message in mode `now` ends early, without an error."""
        ...


class RunBudget(Protocol):
    """The budget accounts that the run is charged to."""

    @property
    def is_bound(self) -> bool:
        """Whether any account limits what the run spends."""
        ...

    async def reserve(self, amount: Amount, *, is_last: bool) -> Shortage | None:
        """Reserve the worst case of the next call, waiting for room that others may release.

        Returns:
            None once it is reserved; the shortage if there is no room and there will be none.

        Raises:
            OwnershipLost, PriceUnknown: as for `BudgetStore.reserve`.
        """
        ...

    def release(self, *, may_be_billed: bool) -> None:
        """Release what a call without a reply had reserved, or count it as spent."""
        ...


class Overhearing(Protocol):
    """Tells other processes what the run's model writes, and can take it back.

    Attributes:
        is_wanted: whether somebody looked when the call began.
    """

    @property
    def is_wanted(self) -> bool: ...

    def begin(self, turn: int) -> None:
        """The call of a turn begins."""
        ...

    def write(self, piece: str) -> None:
        """A piece of the reply's text has arrived."""
        ...

    def take_back(self) -> None:
        """The text begins anew."""
        ...

    def end_call(self) -> None:
        """The call is over: its text is stored, or was in vain."""
        ...


OnText = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Activation:
    """A run that this process has claimed.

    Attributes:
        listeners: receive each piece of a reply's text as it arrives; it is not stored. The
            sequence may grow and shrink while the run is live.
        overhearing: the same for other processes; None if there is nobody to tell.
    """

    claim: Claim
    journal: RunJournal
    slot: RunSlot
    inbox: RunInbox
    budget: RunBudget
    listeners: Sequence[OnText] = ()
    overhearing: Overhearing | None = None


class Runner(Protocol):
    async def run(self, activation: Activation) -> None:
        """Continue the run from its last event until it has finished.

        Raises:
            OwnershipLost: the run was ended, or another process owns it.
            Stopping: this process is stopping; the run can continue from its last event.
        """
        ...
