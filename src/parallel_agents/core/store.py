"""Store: what is durable; if it is not in the store, it did not happen.

Every method that changes something does so in one transaction with the events that tell of it, and
returns after the commit. Several processes may use one store.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

from parallel_agents.core.audit import ChainCheck, RowCheck
from parallel_agents.core.budget import NO_BUDGET, Amount, Budget, BudgetAccount, Shortage
from parallel_agents.core.cache import ReplyCache
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Body, Entry, Event, Queued, SteerMode
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.policy import Policy
from parallel_agents.core.run import Outcome, Result, Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.throttle import Throttles
from parallel_agents.core.usage import Spend


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPlan:
    """A session to be made with its first run.

    Attributes:
        digest: tells the same work from other work.
        bounds: the parent's policy, whose numbers of sessions hold.
        budget: for the session and all that it spawns.
        retries: the dead letter that it is a retry of.
    """

    session: Session
    run: RunId
    kind: RunnerKind
    queued: Queued
    digest: str
    model: str = ""
    priority: int = 0
    owner: OwnerId | None = None
    bounds: Policy = Policy()
    budget: Budget = NO_BUDGET
    retries: RunId | None = None


class SpawnOutcome(NamedTuple):
    """The session and its latest run; `is_new` is False where the key was in the store already."""

    session: Session
    run: Run
    is_new: bool


class Claim(NamedTuple):
    """What a process needs to carry a run out: the rows, and the session's events in order.

    `is_budgeted` says that a session above, or its own, has a account that pays for it.
    """

    session: Session
    run: Run
    events: list[Event]
    is_budgeted: bool = False


class BudgetAccountState(NamedTuple):
    """A budget as it stands; money is in nanodollars."""

    account: BudgetAccount
    spent: Amount
    reserved: Amount


class OwnerState(StrEnum):
    """`live` works; `gone` ended in good order; `dead` fell silent, and its runs are free."""

    LIVE = "live"
    GONE = "gone"
    DEAD = "dead"


class Role(StrEnum):
    """A script works for itself; a worker runs what others queue, until nothing is left."""

    SCRIPT = "script"
    WORKER = "worker"


@dataclass(frozen=True, slots=True, kw_only=True)
class Owner:
    """A process that works on the store; `heartbeat_at` is its last sign of life."""

    id: OwnerId
    host: str
    pid: int
    role: Role = Role.SCRIPT
    state: OwnerState = OwnerState.LIVE
    heartbeat_at: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """A session with its latest run, and who works on it; what lists are made of."""

    session: Session
    run: Run
    owner_state: OwnerState | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Filter:
    """Which rows; fields that are None do not choose.

    Attributes:
        session: this session alone.
        run: this run alone, also where its session has gone on since.
        prefix: the start of a session key, of its last part, of a run id, or a whole label or
            task name.
        tree: this session and all that it spawned.
        is_live: with a live latest run, or without.
        orphaned: live runs that no living process has.
        owner: live runs that this process has, or had when it ended.
        every_run: each run of a session counts, and not only the latest.
        agent: sessions of agents of this name.
    """

    session: SessionKey | None = None
    run: RunId | None = None
    prefix: str | None = None
    tree: SessionKey | None = None
    parent: SessionKey | None = None
    is_live: bool | None = None
    orphaned: bool = False
    owner: OwnerId | None = None
    agent: str | None = None
    every_run: bool = False
    roots_only: bool = False
    since: float | None = None
    limit: int | None = None


class ChildRun(NamedTuple):
    """A session under another, by the key that it was spawned with, and its latest run."""

    key: str
    run: RunId
    status: RunStatus


class Attempt(NamedTuple):
    """One attempt of a run: the model that it was on, and what its calls cost.

    An empty `model` is the one that the run was queued with.
    """

    model: str
    spend: Spend


class Killed(NamedTuple):
    """What a kill did, or would do: runs ended by it, and how many were over already."""

    runs: list[Run]
    already_over: int


OnEvents = Callable[[Sequence[Event]], None]
Unsubscribe = Callable[[], None]


class Store(Throttles, ReplyCache, Protocol):
    async def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        """Make sessions, all or none; a child of a killed session is born killed.

        Raises:
            Conflict: a key stands for work with another digest.
            NotFound: no such parent.
            SpawnRefused: the bounds of a plan leave no room.
        """
        ...

    async def check(self, plans: Sequence[SessionPlan]) -> None:
        """Raise what `spawn` of these would raise now, and write nothing."""
        ...

    async def send(
        self, session: SessionKey, run: RunId, queued: Queued, *, owner: OwnerId | None
    ) -> Run:
        """Queue the next run of a session.

        Raises:
            NotFound: no such session.
            RunIsOver: the session was killed.
        """
        ...

    async def claim(self, run: RunId, owner: OwnerId) -> Claim | None:
        """Take a live run that no other living owner has, or None. Raises its epoch.

        A session's runs are carried out one after the other: with an earlier one still live the
        answer is None, and if a process left that one in good order, it is free for any.
        """
        ...

    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> None:
        """Write events of a claimed run; a key that is there is left as it is.

        Raises:
            OwnershipLost: the run has a newer epoch or is over.
        """
        ...

    def append_soon(self, run: RunId, epoch: int, entry: Entry) -> None:
        """Write an event before those that are appended later, and tell nobody whether it was.

        What refuses or fails it refuses or fails the next append too, and that one says so.
        """
        ...

    async def finish(
        self, run: RunId, epoch: int, outcome: Outcome, *, steers_seen: int | None = None
    ) -> bool:
        """End a claimed run; False, and nothing written, when more words than seen came in.

        Raises:
            OwnershipLost: as for append.
        """
        ...

    async def steer(self, run: RunId, key: str, text: str, *, mode: SteerMode, by: str) -> None:
        """Leave a word for a live run.

        Raises:
            NotFound: no such run.
            RunIsOver: it has ended.
        """
        ...

    async def kill(
        self,
        session: SessionKey,
        *,
        by: str,
        status: RunStatus = RunStatus.KILLED,
        dry_run: bool = False,
    ) -> Killed:
        """End every live run of the tree under `session` with `status` and what it has.

        Children that are spawned later are born killed.

        Raises:
            NotFound: no such session.
        """
        ...

    async def end_unbegun(self, parent: SessionKey, *, by: str) -> list[RunId]:
        """Kill the sessions under `parent` whose first run nobody has begun; their runs."""
        ...

    async def end_children(self, parent: SessionKey, *, by: str, status: RunStatus) -> list[RunId]:
        """End what is live under `parent` as `kill` would, but for what outlives it; the runs.

        A child whose latest run is over is left as it is, and so is what it spawned.
        """
        ...

    async def reserve(
        self,
        run: RunId,
        epoch: int,
        amount: Amount,
        *,
        accounts: Sequence[BudgetAccount],
        is_last: bool,
    ) -> Shortage | None:
        """Reserve the worst case of a claimed run's next call in every account that pays for it.

        Those are the accounts of the sessions above it, and `accounts`, which are made or brought up
        to date. What the run had reserved before counts as spent. The reply's event settles it.

        Returns:
            Why there is no room, and nothing is reserved; None where there was.

        Raises:
            OwnershipLost: as for append.
            PriceUnknown: the amount's price is unknown and a account is bound in dollars.
        """
        ...

    def give_back(self, run: RunId, epoch: int, *, may_be_billed: bool) -> None:
        """Give back what a call without a reply had reserved, or count it as spent."""
        ...

    async def accounts(self) -> list[BudgetAccountState]: ...

    async def dead_letters(self, chosen: DeadLetterFilter) -> list[DeadLetter]:
        """Runs of roots and of teams' tasks that failed and were not dropped, the newest first.

        One whose retry is done is none any more; one whose retry failed gives way to the retry's.
        """
        ...

    async def drop_dead_letters(self, runs: Sequence[RunId]) -> int:
        """Let go of dead letters, by their runs; how many there were."""
        ...

    async def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        """Give live runs back to whoever comes."""
        ...

    async def heartbeat(self, owner: Owner) -> None:
        """Note a sign of life, and the state that it gives; who ends holds no call any more."""
        ...

    async def mark_dead(self, owner: OwnerId) -> None:
        """Note that an owner is dead.

        The places of its calls are free, and what its runs have reserved counts as spent.
        """
        ...

    async def owners(self) -> list[Owner]: ...

    async def rows(self, chosen: Filter) -> list[Row]:
        """Sessions with their latest run, the newest first."""
        ...

    async def results(self, runs: Sequence[RunId]) -> list[Result | None]:
        """A result for each run, in order; None for one that is not over.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def last_bodies(self, runs: Sequence[RunId]) -> dict[RunId, Body]:
        """What each run wrote last."""
        ...

    async def last_steps(self, runs: Sequence[RunId]) -> dict[RunId, Body]:
        """The last event of each run that is not a start."""
        ...

    async def last_times(self, runs: Sequence[RunId]) -> dict[RunId, float]:
        """When each run wrote last, in seconds since the epoch."""
        ...

    async def attempts(self, runs: Sequence[RunId]) -> dict[RunId, list[Attempt]]:
        """The attempts of each run, in order; the last is the one that counts."""
        ...

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        """The latest run of each session under a parent, in no order."""
        ...

    async def live_among(self, runs: Sequence[RunId]) -> list[RunId]:
        """Those of the runs that are not over, in order.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        """Events in order, after `after`, of one session, of a tree, or of all.

        With `kinds`, only those whose body is of one of these kinds.
        """
        ...

    async def check_chain(self, head: str = "") -> ChainCheck:
        """Recompute the hashes over all events, and see that `head`, in hex, is one of them."""
        ...

    async def check_rows(self) -> RowCheck:
        """See that the rows of runs say what follows from their events."""
        ...

    def subscribe(self, on_events: OnEvents) -> Unsubscribe:
        """Hear of every batch of events from now on, whoever wrote it, in order, on the loop."""
        ...

    async def aclose(self) -> None:
        """Write what waits, and give back threads and files."""
        ...
