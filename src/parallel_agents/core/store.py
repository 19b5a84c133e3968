"""Store: everything durable; what is not in the store did not happen.

Every change is one transaction with the events that describe it, and returns after the commit.
Several processes may use one store.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple, Protocol

from parallel_agents.core.artifact import ArtifactStore
from parallel_agents.core.budget import Amount, BudgetAccount, BudgetAccountState, Shortage
from parallel_agents.core.cache import ReplyCache
from parallel_agents.core.dead_letter import DeadLetterStore
from parallel_agents.core.deliveries import DeliveryStore
from parallel_agents.core.event import Entry, Event, Queued, SteerMode
from parallel_agents.core.event_store import EventStore
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.inspection import SnapshotStore
from parallel_agents.core.notification import NotificationStore, Notify
from parallel_agents.core.overview import Overview
from parallel_agents.core.owner import Owner
from parallel_agents.core.pause import PauseStore
from parallel_agents.core.question import QuestionStore
from parallel_agents.core.row import ChildRun, Row
from parallel_agents.core.run import Outcome, Result, Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.session_plan import SessionPlan, SpawnOutcome
from parallel_agents.core.shared_state import StateStore
from parallel_agents.core.store_care import CareStore
from parallel_agents.core.throttle import Throttles
from parallel_agents.core.transcript import Transcript
from parallel_agents.core.usage import Spend
from parallel_agents.core.vitals import VitalStore

_NO_RUNS = Transcript()


class Claim(NamedTuple):
    """What a process needs to execute a run.

    Attributes:
        events: of the run, in order.
        is_budgeted: the session or one above it has a budget account.
        before: the transcript of the session's earlier runs; it must not be changed.
        is_after_death: the process that executed the run before has died.
    """

    session: Session
    run: Run
    events: list[Event]
    is_budgeted: bool = False
    before: Transcript = _NO_RUNS
    is_after_death: bool = False


class Attempt(NamedTuple):
    """One attempt of a run: its model, and what its calls cost.

    An empty `model` is the one that the run was queued with. `is_kept` says of an attempt that another
    one followed whether a part of its answer was accepted, as rows of a batch are.
    """

    model: str
    spend: Spend
    is_kept: bool = False


class Killed(NamedTuple):
    """What a kill did, or would do: the runs that it ended, and how many had ended before."""

    runs: list[Run]
    already_over: int


class SessionStore(Protocol):
    """Creates sessions, ends them, and lists them with their latest runs."""

    async def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        """Create all of the sessions or none; the child of a killed session starts killed.

        Raises:
            Conflict: a key is already used for work with a different digest.
            NotFound: there is no such parent.
            SpawnRefused: the limits of a plan allow no more sessions.
        """
        ...

    async def check(self, plans: Sequence[SessionPlan]) -> None:
        """Raise what `spawn` would raise now, and write nothing."""
        ...

    async def send(
        self,
        session: SessionKey,
        run: RunId,
        queued: Queued,
        *,
        owner: OwnerId | None,
        sender: SessionKey | None = None,
        notify: Notify | None = None,
        model: str = "",
    ) -> Run:
        """Queue the next run of a session, asked for by the current run of `sender`, or from outside.

        From then on, `notify` applies to the session and all below it; None leaves that as it is. The
        run is on `model`, or else on that of the run before.

        Raises:
            NotFound: there is no such session, or no such sender.
            RunIsOver: the session was killed.
        """
        ...

    async def go_on(
        self,
        session: SessionKey,
        owner: OwnerId | None,
        *,
        request: Queued | None = None,
        since: RunId | None = None,
    ) -> list[Row]:
        """Queue a further run of a session whose work ended over budget, or of a team's tasks that did.

        A flow has a further run whatever kept it from success, with the options of the `request`. An
        agent's work is what it was spawned for, or what the run `since` began.

        Returns:
            The session's current run, then the runs that its tasks have anew. Nothing is queued in a
            killed session, and a team that a living process executes stays as it is.
        """
        ...

    async def kill(
        self,
        session: SessionKey,
        *,
        by: str,
        status: RunStatus = RunStatus.KILLED,
        dry_run: bool = False,
        keeps_session: bool = False,
    ) -> Killed:
        """End every live run of the tree under `session` with `status` and what it has so far.

        Children that are spawned later start killed. With `keeps_session` the session itself, though
        nothing below it, may have further runs. If no run is live, nothing changes.

        Raises:
            NotFound: there is no such session.
        """
        ...

    async def end_unbegun(self, parent: Run, *, by: str) -> list[RunId]:
        """Kill the sessions under a run's whose first run has not started; return their runs.

        Raises:
            OwnershipLost: the parent has a newer epoch or has ended.
        """
        ...

    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> list[RunId]:
        """End what is live under a run's session and must not outlive it; return the runs that it ended.

        A child whose latest run has ended is left as it is, and so is what it spawned.

        Raises:
            OwnershipLost: the parent has a newer epoch or has ended, so that its children are another
                process's.
        """
        ...

    async def rows(self, chosen: Filter) -> list[Row]:
        """Sessions with their latest run, the newest first."""
        ...

    async def rows_of(self, runs: Sequence[RunId]) -> list[Row]:
        """These runs with their sessions, in order.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        """Every run that a session asked a child of its own for, in the order of asking.

        This is the one way from a parent to its children's results.
        """
        ...

    async def children_named(self, parent: SessionKey, keys: Sequence[str]) -> list[ChildRun]:
        """Of these, the runs of the children that were spawned under these keys, and of their retries."""
        ...

    async def note_decision(self, session: SessionKey, *, by: str, what: str, text: str) -> None:
        """Write what somebody decided about a session that no run did, such as a merge, into its history."""
        ...


class RunStore(Protocol):
    """Lets a process own runs, and reads what became of them."""

    async def claim(self, run: RunId, owner: OwnerId) -> Claim | None:
        """Take a live run that no other living owner has, and raise its epoch.

        Returns None if the run cannot be claimed. A session's runs are executed in order: a run
        cannot be claimed while an earlier one is live, and an earlier one whose owner has ended
        becomes free for any process.
        """
        ...

    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> bool:
        """Write events of a claimed run; an entry whose key exists is left out.

        Returns:
            Whether a budget of the day now limits the run.

        Raises:
            OwnershipLost: the run has a newer epoch or has ended.
        """
        ...

    def append_soon(self, run: RunId, epoch: int, entry: Entry) -> None:
        """Write an event before those of later appends; a failure is reported by the next of them."""
        ...

    async def finish(
        self, run: RunId, epoch: int, outcome: Outcome, *, steers_seen: int | None = None
    ) -> bool:
        """End a claimed run; write nothing and return False if it got more messages than seen.

        Raises:
            OwnershipLost: as for `append`.
        """
        ...

    async def steer(self, run: RunId, key: str, text: str, *, mode: SteerMode, by: str) -> None:
        """Leave a message for a live run.

        Raises:
            NotFound: there is no such run.
            RunIsOver: it has ended.
        """
        ...

    async def results(self, runs: Sequence[RunId]) -> list[Result | None]:
        """A result for each run, in order; None for a run that has not ended.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def live_among(self, runs: Sequence[RunId]) -> list[RunId]:
        """The given runs that have not ended, in order.

        Raises:
            NotFound: one of them is not in the store.
        """
        ...

    async def attempts(self, runs: Sequence[RunId]) -> dict[RunId, list[Attempt]]:
        """The attempts of each run, in order; the last one produced the result."""
        ...


class BudgetStore(Protocol):
    """Keeps budget accounts, and what calls reserve in them."""

    async def reserve(
        self,
        run: RunId,
        epoch: int,
        amount: Amount,
        *,
        is_last: bool,
    ) -> Shortage | None:
        """Reserve the worst case of a claimed run's next call in every account to charge.

        These are the accounts of the run's session and its ancestors, of the day, and of the agent
        on that day. What the run had reserved before counts as spent. The event of the reply settles
        the reservation.

        Returns:
            Why nothing was reserved, or None.

        Raises:
            OwnershipLost: as for `append`.
            PriceUnknown: an account has a dollar limit, and the price of the call is unknown.
        """
        ...

    def give_back(self, run: RunId, epoch: int, *, may_be_billed: bool) -> None:
        """Cancel what a call without a reply had reserved, or count it as spent."""
        ...

    async def limit_days(
        self, owner: OwnerId, own: Sequence[BudgetAccount], home: Sequence[BudgetAccount]
    ) -> None:
        """Limit what each UTC day may cost, for every process of the store.

        The least limit holds. One that a process sets holds while it lives, and until the end of the
        day on which it ends.

        Args:
            owner: the process; it replaces what it set before.
            own: its limits, by the scope `day` for all calls, or `agent:NAME` for an agent's.
            home: what the file in the home folder says; it replaces what it said before. If that
                changes a limit, those that ended processes had set end with it.
        """
        ...

    async def accounts(self) -> list[BudgetAccountState]: ...

    async def account(self, scope: str) -> BudgetAccountState | None:
        """The account of this name; None if there is none."""
        ...


class OwnerStore(Protocol):
    """Knows the processes that work on the store."""

    async def heartbeat(self, owner: Owner) -> None:
        """Record a heartbeat and the owner's state. An owner that has ended has no calls in flight.

        A store with a thread of its own repeats a live owner's heartbeat while the loop is late.
        """
        ...

    async def mark_dead(self, owner: OwnerId) -> None:
        """Record a death: calls in flight no longer count, and what they reserved counts as spent.

        A run at which processes keep dying is set aside: it ends as failed.
        """
        ...

    async def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        """Let any process claim these live runs of the owner."""
        ...

    async def owners(self) -> list[Owner]: ...


class Store(
    SessionStore,
    PauseStore,
    RunStore,
    BudgetStore,
    OwnerStore,
    DeadLetterStore,
    DeliveryStore,
    EventStore,
    Overview,
    SnapshotStore,
    QuestionStore,
    StateStore,
    ArtifactStore,
    VitalStore,
    NotificationStore,
    Throttles,
    ReplyCache,
    CareStore,
    Protocol,
):
    """The whole store; code that needs less of it depends on the part that it uses."""

    def now(self) -> float:
        """Seconds since 1970 on the clock of the store's processes, which no setting of it moves."""
        ...

    async def aclose(self) -> None:
        """Write what waits, and release threads and files."""
        ...
