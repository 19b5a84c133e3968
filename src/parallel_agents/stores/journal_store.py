"""Journal store: the Store protocol over a journal, whatever runs its changes and its reads."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from functools import partial
from types import CoroutineType
from typing import Any, Concatenate, ParamSpec, TypeAlias, TypeVar

from parallel_agents.core.audit import Audit, ChainCheck
from parallel_agents.core.budget import Amount, Shortage
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Entry, Event
from parallel_agents.core.event_store import OnEvents, StoredEvent, Unsubscribe
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.model import ModelReply
from parallel_agents.core.question import OpenQuestion
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.core.run import Outcome
from parallel_agents.core.shared_state import (
    StateBounds,
    StateKey,
    StateWrite,
    StateWritten,
    Writer,
)
from parallel_agents.core.store import Claim
from parallel_agents.core.store_care import Pages, PrunePlan, Retention, Step, Tree
from parallel_agents.core.stuck_rules import StuckRules
from parallel_agents.core.throttle import Throttle
from parallel_agents.core.vitals import Vitals
from parallel_agents.errors import StoreError
from parallel_agents.stores.artifacts import read_artifacts, referred_contents
from parallel_agents.stores.chain import check_chain
from parallel_agents.stores.dead_letters import read_dead_letters, read_killed
from parallel_agents.stores.deliveries import read_given
from parallel_agents.stores.journal import AnyChange, Change, Journal, apply_each
from parallel_agents.stores.known_plans import check_plans
from parallel_agents.stores.notifications import has_due, read_unsent
from parallel_agents.stores.overview import (
    count_rows,
    count_unanswered,
    read_costs,
    read_lineages,
    read_origins,
)
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.prunable import (
    next_prunable,
    read_pages,
    read_plan,
    read_sizes,
    read_trees,
    shrink_step,
)
from parallel_agents.stores.questions import has_expired, read_questions
from parallel_agents.stores.replies import keep_reply, read_reply
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.run_requests import Answer, Append, ClaimRequest, Finish, Reserve
from parallel_agents.stores.snapshots import read_snapshot
from parallel_agents.stores.state import read_state
from parallel_agents.stores.throttles import read_throttles
from parallel_agents.stores.verification import (
    checkpoint_of,
    is_worth_noting,
    put_checkpoint,
    verify_all,
    verify_new,
)
from parallel_agents.stores.vitals import read_silent, read_vitals

_T = TypeVar("_T")
_P = ParamSpec("_P")
_Async: TypeAlias = "CoroutineType[Any, Any, _T]"  # the type of a call of an `async def`


def _change(
    verb: Callable[[Journal], Callable[_P, _T]],
) -> Callable[Concatenate[JournalStore, _P], _Async[_T]]:
    """The store's method for a verb of the journal."""

    async def method(store: JournalStore, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await store.change(lambda journal: verb(journal)(*args, **kwargs))

    return method


def _change_soon(
    verb: Callable[[Journal], Callable[_P, None]],
) -> Callable[Concatenate[JournalStore, _P], None]:
    """The store's method for a verb of the journal whose caller does not wait."""

    def method(store: JournalStore, /, *args: _P.args, **kwargs: _P.kwargs) -> None:
        def call(journal: Journal) -> None:
            verb(journal)(*args, **kwargs)

        store.submit_soon(Change(apply_each, call))

    return method


def _read(
    question: Callable[[Rows], Callable[_P, _T]],
) -> Callable[Concatenate[JournalStore, _P], _Async[_T]]:
    """The store's method for a read."""

    async def method(store: JournalStore, /, *args: _P.args, **kwargs: _P.kwargs) -> _T:
        return await store.read(lambda rows: question(rows)(*args, **kwargs))

    return method


def claim(journal: Journal, requests: Sequence[ClaimRequest]) -> list[Answer[Claim | None]]:
    return journal.runs.claim(requests)


def append(journal: Journal, requests: Sequence[Append]) -> list[Answer[bool]]:
    return journal.runs.append(requests)


def reserve(journal: Journal, requests: Sequence[Reserve]) -> list[Answer[Shortage | None]]:
    return journal.runs.reserve(requests)


def finish(journal: Journal, requests: Sequence[Finish]) -> list[Answer[bool]]:
    return journal.runs.finish(requests)


class JournalStore(ABC):
    """What all stores share; see `core.store.Store` for what each method promises."""

    def __init__(
        self,
        now: Callable[[], float],
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
        least_now: Callable[[], float] | None = None,
    ) -> None:
        self._listeners: list[OnEvents] = []
        self._on_failure: list[Callable[[StoreError], None]] = []
        self._on_state: list[Callable[[StateKey | None], None]] = []
        self.now = now
        self._least_now = least_now or now
        self._dead_letter_seconds = dead_letter_seconds

    @abstractmethod
    async def submit(self, change: Change[Any, _T]) -> _T:
        """Make a change in a transaction; return after its commit."""

    @abstractmethod
    def submit_soon(self, change: AnyChange) -> None:
        """Make a change in a later transaction, before any that is submitted after it."""

    @abstractmethod
    async def read(self, read: Callable[[Rows], _T]) -> _T:
        """Read committed state."""

    async def read_long(self, read: Callable[[Rows], _T]) -> _T:
        """The same for what may take long, so that a store in a file holds up no other read."""
        return await self.read(read)

    async def change(self, call: Callable[[Journal], _T]) -> _T:
        """Make a change that is one call."""
        return await self.submit(Change(apply_each, call))

    def subscribe(self, on_events: OnEvents) -> Unsubscribe:
        self._listeners.append(on_events)
        return lambda: self._listeners.remove(on_events)

    def on_failure(self, tell: Callable[[StoreError], None]) -> Unsubscribe:
        self._on_failure.append(tell)
        return lambda: self._on_failure.remove(tell)

    def on_state(self, tell: Callable[[StateKey | None], None]) -> Unsubscribe:
        self._on_state.append(tell)
        return lambda: self._on_state.remove(tell)

    def _tell_state(self, key: StateKey | None = None) -> None:
        for tell in tuple(self._on_state):
            tell(key)

    def _fail(self, error: StoreError) -> None:
        for tell in tuple(self._on_failure):
            tell(error)

    def _publish(self, events: Sequence[Event]) -> None:
        if events:
            for listener in tuple(self._listeners):
                listener(events)

    spawn = _change(lambda journal: journal.sessions.spawn)
    send = _change(lambda journal: journal.sessions.send)
    go_on = _change(lambda journal: journal.going_on.go_on)
    kill = _change(lambda journal: journal.sessions.kill)
    pause = _change(lambda journal: journal.pause)
    unpause = _change(lambda journal: journal.unpause)
    end_unbegun = _change(lambda journal: journal.sessions.end_unbegun)
    end_children = _change(lambda journal: journal.sessions.end_children)
    steer = _change(lambda journal: journal.runs.steer)
    give_back = _change_soon(lambda journal: journal.runs.give_back)
    heartbeat = _change(lambda journal: journal.owners.heartbeat)
    tell_unasked = _change(lambda journal: journal.wishes.tell_unasked)
    limit_days = _change(lambda journal: journal.days.limit)
    mark_dead = _change(lambda journal: journal.owners.mark_dead)
    release = _change(lambda journal: journal.owners.release)
    drop_dead_letters = _change(lambda journal: journal.dead_letters.drop)

    check = _read(lambda rows: partial(check_plans, rows))
    rows = _read(lambda rows: rows.rows)
    rows_of = _read(lambda rows: rows.rows_of)
    results = _read(lambda rows: rows.results)
    attempts = _read(lambda rows: rows.attempts)
    child_runs = _read(lambda rows: rows.child_runs)
    children_named = _read(lambda rows: rows.children_named)
    live_among = _read(lambda rows: rows.live_among)
    events = _read(lambda rows: rows.events)
    last_events = _read(lambda rows: rows.last_events)
    kept_event = _read(lambda rows: rows.kept_event)
    count_events = _read(lambda rows: rows.count_events)
    last_seq = _read(lambda rows: rows.last_seq)
    sizes = _read(lambda rows: partial(read_sizes, rows.database))
    throttles = _read(lambda rows: partial(read_throttles, rows.database))
    pages = _read(lambda rows: partial(read_pages, rows.database))
    mark = _read(lambda rows: rows.mark)
    check_rows = _read(lambda rows: partial(check_rows, rows))
    count_rows = _read(lambda rows: partial(count_rows, rows))
    look = _read(lambda rows: partial(read_snapshot, rows))
    spend_below = _read(lambda rows: rows.spend_below)
    costs = _read(lambda rows: partial(read_costs, rows))
    count_unanswered = _read(lambda rows: partial(count_unanswered, rows))
    origins = _read(lambda rows: partial(read_origins, rows))
    lineages = _read(lambda rows: partial(read_lineages, rows))
    accounts = _read(lambda rows: rows.accounts)
    account = _read(lambda rows: rows.account)
    owners = _read(lambda rows: rows.owners)
    take_notifications = _change(lambda journal: journal.take_notifications)
    take_own_notifications = _change(lambda journal: journal.take_own_notifications)
    note_sent = _change(lambda journal: journal.note_sent)
    note_unsent = _change(lambda journal: journal.note_unsent)
    unsent = _read(lambda rows: partial(read_unsent, rows))
    silent_runs = _read(lambda rows: partial(read_silent, rows))
    answer = _change(lambda journal: journal.answer)
    state_entries = _read(lambda rows: partial(read_state, rows))
    artifacts = _read(lambda rows: partial(read_artifacts, rows))
    referred_contents = _read(lambda rows: partial(referred_contents, rows))
    note_artifact = _change(lambda journal: journal.note_artifact)
    forget_artifacts = _change(lambda journal: journal.forget_artifacts)
    clear_state = _change(lambda journal: journal.clear_state)
    note_decision = _change(lambda journal: journal.note_decision)
    note_given = _change(lambda journal: journal.note_given)
    given = _read(lambda rows: partial(read_given, rows))

    async def write_state(
        self, write: StateWrite, writer: Writer, bounds: StateBounds
    ) -> StateWritten:
        written = await self.change(lambda journal: journal.write_state(write, writer, bounds))
        if written.is_written:
            self._tell_state((write.tree, write.key))
        return written

    async def claim(self, run: RunId, owner: OwnerId) -> Claim | None:
        return await self.submit(Change(claim, ClaimRequest(run, owner), run))

    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> bool:
        return await self.submit(Change(append, Append(run, epoch, entries), run))

    def append_soon(self, run: RunId, epoch: int, entry: Entry) -> None:
        self.submit_soon(Change(append, Append(run, epoch, (entry,)), run))

    async def reserve(
        self,
        run: RunId,
        epoch: int,
        amount: Amount,
        *,
        is_last: bool,
    ) -> Shortage | None:
        request = Reserve(run, epoch, amount, is_last)
        return await self.submit(Change(reserve, request, run))

    async def finish(
        self, run: RunId, epoch: int, outcome: Outcome, *, steers_seen: int | None = None
    ) -> bool:
        return await self.submit(Change(finish, Finish(run, epoch, outcome, steers_seen), run))

    async def fold_events(
        self,
        fold: Callable[[Iterable[StoredEvent]], _T],
        *,
        tree: SessionKey,
        after: int,
        limit: int,
    ) -> _T:
        asked = partial(Rows.fold_events, fold=fold, tree=tree, after=after, limit=limit)
        return await self.read_long(asked)

    async def has_due(self) -> bool:
        now = self.now()
        return await self.read(lambda rows: has_due(rows, now))

    async def questions(self) -> list[OpenQuestion]:
        now = self.now()
        return await self.read(lambda rows: read_questions(rows, now))

    async def close_expired(self) -> None:
        now = self.now()
        if await self.read(lambda rows: has_expired(rows, now)):
            await self.change(lambda journal: journal.close_expired())

    async def vitals(self, rules: StuckRules, *, since: float, now: float) -> Vitals:
        asked = partial(read_vitals, since=since, now=now, oldest_letter=self._oldest_letter)
        return await self.read(lambda rows: asked(rows, rules))

    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, _T]]
    ) -> tuple[Throttle, _T]:
        return await self.change(lambda journal: journal.throttles.change(model, change))

    def change_throttle_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        def apply(journal: Journal) -> None:
            journal.throttles.change(model, lambda throttle: (change(throttle), None))

        self.submit_soon(Change(apply_each, apply))

    async def dead_letters(self, chosen: DeadLetterFilter) -> list[DeadLetter]:
        if chosen.killed:
            return await self.read(lambda rows: read_killed(rows, chosen))
        oldest = self._oldest_letter
        return await self.read(lambda rows: read_dead_letters(rows, chosen, oldest))

    async def plan_pruning(
        self, retention: Retention, unmerged: Collection[SessionKey] = ()
    ) -> PrunePlan:
        asked = partial(read_plan, now=self._least_now(), oldest_letter=self._oldest_letter)
        return await self.read_long(lambda rows: asked(rows.database, retention, unmerged))

    async def trees(
        self, roots: Collection[SessionKey], unmerged: Collection[SessionKey] = ()
    ) -> Sequence[Tree]:
        asked = partial(read_trees, oldest_letter=self._oldest_letter)
        return await self.read_long(lambda rows: asked(rows.database, roots, unmerged))

    async def next_prunable(
        self, after: float, older_than: float, limit: int
    ) -> tuple[Sequence[SessionKey], float | None]:
        until, oldest = self._least_now() - older_than, self._oldest_letter
        return await self.read(
            lambda rows: next_prunable(rows.database, after, until, limit, oldest_letter=oldest)
        )

    async def prune_step(
        self, begin: Sequence[SessionKey], *, by: str, why: str, is_named: bool = False
    ) -> Step:
        oldest = self._oldest_letter
        return await self.change(
            lambda journal: journal.prune_step(
                begin, by=by, why=why, is_named=is_named, oldest_letter=oldest
            )
        )

    async def shrink_step(self) -> Pages:
        return await self.change(lambda journal: shrink_step(journal.database))

    @property
    def _oldest_letter(self) -> float:
        return self._least_now() - self._dead_letter_seconds

    async def cached_reply(self, key: str, *, seconds: float) -> ModelReply | None:
        asked = partial(read_reply, key=key, seconds=seconds, now=self.now())
        return await self.read(lambda rows: asked(rows.database))

    async def keep_reply(self, key: str, reply: ModelReply, *, seconds: float) -> None:
        await self.change(
            lambda journal: keep_reply(
                journal.database, key, reply, seconds=seconds, now=journal.now()
            )
        )

    async def check_chain(self, head: str = "") -> ChainCheck:
        return await self.read_long(lambda rows: check_chain(rows.database, head))

    async def verify_all(self, head: str = "") -> Audit:
        return await self._noted(await self.read_long(lambda rows: verify_all(rows, head)))

    async def verify_new(self, head: str = "") -> Audit:
        return await self._noted(await self.read_long(lambda rows: verify_new(rows, head)))

    async def _noted(self, audit: Audit) -> Audit:
        """The audit, with a checkpoint at its end if that is worth it and the store can be written."""
        if is_worth_noting(audit):
            now = self.now()
            checkpoint = await self.read(
                lambda rows: checkpoint_of(rows.database, audit.chain, now)
            )
            with suppress(StoreError):
                await self.change(lambda journal: put_checkpoint(journal.database, checkpoint))
        return audit
