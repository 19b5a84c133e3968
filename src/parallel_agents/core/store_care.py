"""Store care: how large a store is, what of it may go, and what went."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from parallel_agents.core.checked import Checked
from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import InvalidInput

# A result that has just come may be about to be read, and a content to get its record.
YOUNG_SECONDS = 3600.0


class Held(StrEnum):
    """Why a tree stays, unless it is named: something of it may still be needed."""

    LIVE = "live"
    IN_USE = "in_use"
    LETTER = "dead_letter"
    FLOW = "flow"
    WORKSPACE = "workspace"

    @property
    def is_final(self) -> bool:
        """Whether the tree stays even if it is named."""
        return self not in (Held.LETTER, Held.FLOW)

    @property
    def text(self) -> str:
        return _TEXTS[self]


_TEXTS = {
    Held.LIVE: "has work that is not over, or waits for your answer",
    Held.IN_USE: "a live run of another tree asked it, or was asked by it",
    Held.LETTER: "has a dead letter that was neither retried nor dropped",
    Held.FLOW: "is a flow that can still continue",
    Held.WORKSPACE: "has a workspace that is not merged",
}


class Paid(NamedTuple):
    """What runs cost, in nanodollars; `simulated` is the part that simulated models would have cost."""

    nanousd: int = 0
    simulated: int = 0

    def plus(self, other: Paid) -> Paid:
        return Paid(self.nanousd + other.nanousd, self.simulated + other.simulated)


class Tree(NamedTuple):
    """A team, a session or a flow with everything that it spawned.

    Attributes:
        label: of its root; empty once that is gone.
        ended_at: the latest end of its runs, in seconds since the epoch.
        held: why it stays; None if it may go.
    """

    key: SessionKey
    label: str
    sessions: int
    runs: int
    paid: Paid
    ended_at: float
    held: Held | None = None


class Size(NamedTuple):
    """How many things of a kind there are, and their bytes."""

    number: int = 0
    bytes: int = 0


class Pages(NamedTuple):
    """The pages of a store's file.

    Attributes:
        used: the bytes that hold something.
        free: the bytes that what was removed left, which what comes next fills first.
        can_shrink: whether the free ones can be given back in small steps.
    """

    used: int
    free: int
    can_shrink: bool = True

    @property
    def file(self) -> int:
        return self.used + self.free


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreSizes:
    """What a store holds; sizes are those of the contents, without the tables around them.

    Attributes:
        is_estimated: whether the bytes of the events are estimated from some of them.
        artifacts: the contents that it refers to, whose files lie beside it.
        removing: the trees of which an interrupted pruning has left a part.
        pruned_events: how many events were pruned so far.
        pruned_runs: how many runs were pruned so far.
        pruned: what those cost.
        oldest_at: when its oldest event was written; None if it has none.
    """

    pages: Pages
    events: Size
    replies: Size
    artifacts: Size
    trees: int
    sessions: int
    runs: int
    removing: int
    pruned_events: int
    pruned_runs: int
    pruned: Paid
    oldest_at: float | None
    newest_at: float | None
    is_estimated: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Retention(Checked):
    """Which trees may go once they have ended.

    Attributes:
        older_than: only those that ended so many seconds ago; an hour if nothing else is said, so
            that nobody misses a result that has just come.
        larger_than: only as many of the oldest as it takes until the store has no more bytes in use.
        keep_last: never these many that ended last; 0 for all that are old enough.
    """

    older_than: float | None = None
    larger_than: int | None = None
    keep_last: int | None = None

    def __post_init__(self) -> None:
        Checked.__post_init__(self)
        for name, value in (("older_than", self.older_than), ("larger_than", self.larger_than)):
            if value is not None and not 0 <= value < 1e15:
                raise InvalidInput(f"{name} is {value}", hint="give a number that is not negative")
        if self.keep_last is not None and self.keep_last < 0:
            raise InvalidInput(f"keep_last is {self.keep_last}", hint="give 0 or more")

    @property
    def least_age(self) -> float:
        return YOUNG_SECONDS if self.older_than is None else self.older_than

    @property
    def is_set(self) -> bool:
        """Whether anything says that trees may go."""
        return (self.older_than, self.larger_than, self.keep_last) != (None, None, None)


class PrunePlan(NamedTuple):
    """What a pruning would remove.

    Attributes:
        trees: those that would go, the oldest first.
        held: those that are old enough and stay, with their reasons.
        size: the events of those that would go.
    """

    trees: Sequence[Tree]
    held: Sequence[Tree]
    size: Size


class Step(NamedTuple):
    """What one transaction of a pruning removed.

    Attributes:
        refused: the trees that it was asked to begin and did not: something in them began meanwhile.
        is_done: whether nothing is left to remove.
    """

    trees: int = 0
    sessions: int = 0
    runs: int = 0
    events: Size = Size()
    refused: tuple[SessionKey, ...] = ()
    is_done: bool = False

    def plus(self, other: Step) -> Step:
        """Both together, as far as the other came."""
        return Step(
            self.trees + other.trees,
            self.sessions + other.sessions,
            self.runs + other.runs,
            Size(self.events.number + other.events.number, self.events.bytes + other.events.bytes),
            (*self.refused, *other.refused),
            other.is_done,
        )


class CareStore(Protocol):
    """The part of the store by which it is cared for."""

    async def sizes(self) -> StoreSizes:
        """What the store holds; reads each page that has events."""
        ...

    async def pages(self) -> Pages:
        """The pages of its file."""
        ...

    async def plan_pruning(
        self, retention: Retention, unmerged: Collection[SessionKey] = ()
    ) -> PrunePlan:
        """What would be pruned now; the trees in `unmerged` have workspaces, and stay."""
        ...

    async def trees(
        self, roots: Collection[SessionKey], unmerged: Collection[SessionKey] = ()
    ) -> Sequence[Tree]:
        """These trees, with why they stay."""
        ...

    async def next_prunable(
        self, after: float, older_than: float, limit: int
    ) -> tuple[Sequence[SessionKey], float | None]:
        """Of the trees whose runs ended after a moment and so many seconds ago, those that may go now.

        Looks at no more than `limit` runs. A wall clock that was set forward makes nothing older.

        Returns:
            The trees that ended as a whole so long ago, and where to continue; None at the end.
        """
        ...

    async def prune_step(
        self, begin: Sequence[SessionKey], *, by: str, why: str, is_named: bool = False
    ) -> Step:
        """Remove one part of trees, those that were begun before first, in one transaction.

        A process that dies between two steps leaves a store in which everything matches; whoever
        prunes next removes the rest.

        Args:
            begin: trees that are to be removed from now on, too.
            by: who removes them, for the record in the chain.
            why: for the same record.
            is_named: remove them even if they have dead letters, or flows that can continue.
        """
        ...

    async def shrink_step(self) -> Pages:
        """Give a few free pages back to the disk, in one transaction; return what is left."""
        ...


OnStep = Callable[[Step], None]
