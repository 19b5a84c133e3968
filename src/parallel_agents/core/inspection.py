"""Inspection: what a face can look at besides the sessions, the same here and at a distance.

Nothing here returns all events of a store: `events` is paged, `look` reads rows and last events.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple, Protocol

from parallel_agents.core.attention import NOTHING_NEEDED, Needs
from parallel_agents.core.audit import Audit
from parallel_agents.core.budget import BudgetAccountState
from parallel_agents.core.event import Body, Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.notification import Unsent
from parallel_agents.core.overview import Cost, Origin, Tally
from parallel_agents.core.owner import Owner
from parallel_agents.core.question import Question
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure
from parallel_agents.core.silence import Silence
from parallel_agents.core.store_care import Pages
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.usage import Spend
from parallel_agents.core.vitals import Vitals

PAGE = 1000


class Retry(NamedTuple):
    """A call that failed and is made again.

    Attributes:
        attempt: the number of the try that failed.
        again_at: when the next one begins, in seconds since the epoch.
    """

    attempt: int
    error: Failure
    again_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """Sessions at one moment, with what is needed to say how they are doing.

    Attributes:
        rows: the sessions that were asked for, each with its latest run.
        live: the live runs of each session whose latest run waits for another, earliest first.
        tallies: how the runs of each team's tasks are doing.
        spent: what all runs of each session, and everything below it, used.
        seconds_before: for how long processes executed the runs of each session that ended before its
            latest one, for those that have any.
        left: of teams with runs that no living process has, the first live ones.
        last: the last event of each run that a process has begun and that has not ended; a wait has the
            seconds that are left of it.
        last_steps: the last event before that, of runs whose last event is a start and that have done
            something before.
        last_times: when each live run that no living process has, or that waits to be taken up
            again, was last worked on, in seconds since the epoch.
        silences: how long runs have been silent that living processes execute, for those that have
            been for a while.
        asked: the first question of each live run that waits for a person.
        needs_below: what is needed of a person below each of the sessions, for those below which
            somebody is.
        retries: the call that each live run makes again, for those that do.
        former: those of the rows' runs whose tasks were tried again since.
        uncounted: those of the rows' runs that no longer count in their map, which has other rows now.
        alive: the processes that are alive.
        now: seconds since the epoch.
    """

    rows: Sequence[Row]
    live: Mapping[SessionKey, Sequence[Row]]
    tallies: Mapping[SessionKey, Sequence[Tally]]
    spent: Mapping[SessionKey, Spend]
    seconds_before: Mapping[SessionKey, float]
    left: Mapping[SessionKey, Sequence[Row]]
    last: Mapping[RunId, Body]
    last_steps: Mapping[RunId, Body]
    last_times: Mapping[RunId, float]
    silences: Mapping[RunId, Silence]
    asked: Mapping[RunId, Question]
    alive: frozenset[OwnerId]
    now: float
    needs_below: Mapping[SessionKey, Needs] = field(default_factory=dict[SessionKey, Needs])
    retries: Mapping[RunId, Retry] = field(default_factory=dict[RunId, Retry])
    former: frozenset[RunId] = frozenset()
    uncounted: frozenset[RunId] = frozenset()

    def needs_of(self, row: Row, silence: Silence | None) -> Needs:
        """What one of these sessions and all below it need of a person.

        `silence` is that of its run, if it counts.
        """
        below = self.needs_below.get(row.session.key, NOTHING_NEEDED)
        return below.above(self.asked.get(row.run.id), silence)


class SnapshotStore(Protocol):
    """Says how sessions are doing."""

    async def look(self, shown: Sequence[Row], rules: StuckRules, now: float) -> Snapshot:
        """How the sessions of these rows are doing at `now`, and the members of those that are teams.

        `rules` say when silence means that a run is stuck.
        """
        ...


class Journal(Protocol):
    """The events of a store, and how sessions are doing by them."""

    async def look(self, rows: Sequence[Row]) -> Snapshot:
        """How sessions are doing, and the members of those that are teams."""
        ...

    async def owners(self) -> list[Owner]:
        """The processes that use the store, or have used it."""
        ...

    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        """A page of events in order, after the event with the number `after`.

        Args:
            after: the `seq` of the last event of the page before.
            session: only events of this session.
            tree: only events of this session and of everything that it spawned.
            kinds: only events whose body is of one of these kinds, such as `finished`.
            limit: the size of a page; only the last page is smaller.
        """
        ...

    async def last_events(
        self,
        *,
        before: int | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int = PAGE,
    ) -> list[Event]:
        """The last events before the one with the number `before`, in order; else as `events`."""
        ...

    async def vitals(self, *, since: float) -> Vitals:
        """How the work of the store is doing, with the failures after `since`."""
        ...

    async def pages(self) -> Pages:
        """How much of the store's file is in use."""
        ...

    async def unsent(self, *, since: float) -> Unsent:
        """The notifications that were given up after `since`."""
        ...

    async def count_events(
        self, *, before: int | None = None, tree: SessionKey | None = None
    ) -> int:
        """How many events there are before the one with this number."""
        ...

    async def last_seq(self) -> int:
        """The number of the last event that there ever was, pruned or not; 0 if there was none."""
        ...

    async def count_rows(self, chosen: Filter) -> int:
        """How many sessions a filter matches, whatever its `limit` and `after`."""
        ...

    async def costs(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> list[Cost]:
        """What all runs cost, or those of a tree, with a tag, or that are live or ended after `since`."""
        ...

    async def count_unanswered(
        self,
        *,
        tree: SessionKey | None = None,
        since: float | None = None,
        tag: str | None = None,
    ) -> int:
        """How many calls of the same runs brought no reply and may have been billed."""
        ...

    async def budget(self, session: SessionKey) -> BudgetAccountState | None:
        """The budget of a session and all that it spawned, and what of it is spent; None without one."""
        ...

    async def origins(self, sessions: Sequence[SessionKey]) -> dict[SessionKey, Origin]:
        """Where these sessions come from, and what they are called."""
        ...

    async def verify_all(self, head: str = "") -> Audit:
        """Recompute the whole chain of hashes, and compare every run's row with its events.

        `head`, in hex, must be the hash of one of the links.
        """
        ...

    async def verify_new(self, head: str = "") -> Audit:
        """The same, of what came after the last audit that found everything intact."""
        ...


class ModelLimits(Protocol):
    """How fast models may be called, by all processes of a store."""

    async def throttles(self) -> list[Throttle]:
        """The throttles of models and agents, by name."""
        ...

    async def set_limit(self, model: str, limit: RateLimit) -> Throttle:
        """Set a model's limits; a limit that is None stays as it is."""
        ...

    async def reset_limit(self, model: str) -> Throttle:
        """Forget the limits that were set for a model or agent, and what was learned of it."""
        ...


async def each_event(
    journal: Journal,
    *,
    session: SessionKey | None = None,
    tree: SessionKey | None = None,
    kinds: Collection[str] | None = None,
) -> AsyncGenerator[Event]:
    """All events of a session, of a tree or of the store, read page by page."""
    after = 0
    while page := await journal.events(after=after, session=session, tree=tree, kinds=kinds):
        for event in page:
            yield event
        if len(page) < PAGE:
            return
        after = page[-1].seq
