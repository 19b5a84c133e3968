"""Journal store: the Store protocol over a journal, whatever runs its changes and its reads."""

from __future__ import annotations

import sqlite3
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Collection, Sequence
from typing import TypeVar

from parallel_agents.core.audit import ChainCheck, RowCheck
from parallel_agents.core.budget import Amount, BudgetAccount, Shortage
from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS, DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Body, Entry, Event, Queued, SteerMode
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.model import ModelReply
from parallel_agents.core.run import Outcome, Result, Run, RunStatus
from parallel_agents.core.store import (
    Attempt,
    BudgetAccountState,
    ChildRun,
    Claim,
    Filter,
    Killed,
    OnEvents,
    Owner,
    Row,
    SessionPlan,
    SpawnOutcome,
    Unsubscribe,
)
from parallel_agents.core.throttle import Throttle
from parallel_agents.stores import chain, rows
from parallel_agents.stores.dead_letters import read_dead_letters
from parallel_agents.stores.journal import Journal
from parallel_agents.stores.projection import check_rows
from parallel_agents.stores.replies import read_reply
from parallel_agents.stores.throttles import read_throttles

_T = TypeVar("_T")
Read = Callable[[sqlite3.Connection, rows.Agents], _T]


class JournalStore(ABC):
    """What the SQLite stores share; see `core.store.Store` for what each method promises."""

    def __init__(
        self, now: Callable[[], float] = time.time, dead_letter_seconds: float = DEAD_LETTER_SECONDS
    ) -> None:
        self._listeners: list[OnEvents] = []
        self._now = now
        self._dead_letter_seconds = dead_letter_seconds

    @abstractmethod
    async def _change(self, change: Callable[[Journal], _T]) -> _T:
        """Run a change in a transaction; return after its commit."""

    @abstractmethod
    def _change_soon(self, change: Callable[[Journal], None]) -> None:
        """Run a change in a transaction to come, before any that is asked for later."""

    @abstractmethod
    async def _read(self, read: Read[_T]) -> _T:
        """Run a read on committed state."""

    def subscribe(self, on_events: OnEvents) -> Unsubscribe:
        self._listeners.append(on_events)
        return lambda: self._listeners.remove(on_events)

    def _publish(self, events: Sequence[Event]) -> None:
        if events:
            for listener in tuple(self._listeners):
                listener(events)

    async def spawn(self, plans: Sequence[SessionPlan]) -> list[SpawnOutcome]:
        return await self._change(lambda journal: journal.spawn(plans))

    async def check(self, plans: Sequence[SessionPlan]) -> None:
        await self._change(lambda journal: journal.check(plans))

    async def send(
        self, session: SessionKey, run: RunId, queued: Queued, *, owner: OwnerId | None
    ) -> Run:
        return await self._change(lambda journal: journal.send(session, run, queued, owner))

    async def claim(self, run: RunId, owner: OwnerId) -> Claim | None:
        return await self._change(lambda journal: journal.claim(run, owner))

    async def append(self, run: RunId, epoch: int, entries: Sequence[Entry]) -> None:
        await self._change(lambda journal: journal.append(run, epoch, entries))

    def append_soon(self, run: RunId, epoch: int, entry: Entry) -> None:
        self._change_soon(lambda journal: journal.append(run, epoch, [entry]))

    async def finish(
        self, run: RunId, epoch: int, outcome: Outcome, *, steers_seen: int | None = None
    ) -> bool:
        return await self._change(lambda journal: journal.finish(run, epoch, outcome, steers_seen))

    async def steer(self, run: RunId, key: str, text: str, *, mode: SteerMode, by: str) -> None:
        await self._change(lambda journal: journal.steer(run, key, text, mode, by))

    async def kill(
        self,
        session: SessionKey,
        *,
        by: str,
        status: RunStatus = RunStatus.KILLED,
        dry_run: bool = False,
    ) -> Killed:
        return await self._change(
            lambda journal: journal.kill(session, by, status, dry_run=dry_run)
        )

    async def end_unbegun(self, parent: SessionKey, *, by: str) -> list[RunId]:
        return await self._change(lambda journal: journal.end_unbegun(parent, by))

    async def end_children(self, parent: SessionKey, *, by: str, status: RunStatus) -> list[RunId]:
        return await self._change(lambda journal: journal.end_children(parent, by, status))

    async def reserve(
        self,
        run: RunId,
        epoch: int,
        amount: Amount,
        *,
        accounts: Sequence[BudgetAccount],
        is_last: bool,
    ) -> Shortage | None:
        return await self._change(
            lambda journal: journal.reserve(run, epoch, amount, accounts, is_last=is_last)
        )

    def give_back(self, run: RunId, epoch: int, *, may_be_billed: bool) -> None:
        self._change_soon(
            lambda journal: journal.give_back(run, epoch, may_be_billed=may_be_billed)
        )

    async def accounts(self) -> list[BudgetAccountState]:
        return await self._read(lambda sql, _: rows.accounts(sql))

    async def throttles(self) -> list[Throttle]:
        return await self._read(lambda sql, _: read_throttles(sql))

    async def change_throttle(
        self, model: str, change: Callable[[Throttle], tuple[Throttle, _T]]
    ) -> tuple[Throttle, _T]:
        return await self._change(lambda journal: journal.throttles.change(model, change))

    def change_throttle_soon(self, model: str, change: Callable[[Throttle], Throttle]) -> None:
        def apply(journal: Journal) -> None:
            journal.throttles.change(model, lambda throttle: (change(throttle), None))

        self._change_soon(apply)

    async def dead_letters(self, chosen: DeadLetterFilter) -> list[DeadLetter]:
        oldest = self._now() - self._dead_letter_seconds
        return await self._read(
            lambda sql, agents: read_dead_letters(
                sql, lambda run: rows.row_of_run(sql, agents, run), chosen, oldest
            )
        )

    async def drop_dead_letters(self, runs: Sequence[RunId]) -> int:
        return await self._change(lambda journal: journal.letters.drop(runs))

    async def cached_reply(self, key: str, *, seconds: float) -> ModelReply | None:
        now = self._now()
        return await self._read(lambda sql, _: read_reply(sql, key, seconds=seconds, now=now))

    async def keep_reply(self, key: str, reply: ModelReply, *, seconds: float) -> None:
        await self._change(lambda journal: journal.keep_reply(key, reply, seconds))

    async def release(self, owner: OwnerId, runs: Sequence[RunId]) -> None:
        await self._change(lambda journal: journal.release(owner, runs))

    async def heartbeat(self, owner: Owner) -> None:
        await self._change(lambda journal: journal.heartbeat(owner))

    async def mark_dead(self, owner: OwnerId) -> None:
        await self._change(lambda journal: journal.mark_dead(owner))

    async def check_chain(self, head: str = "") -> ChainCheck:
        return await self._read(lambda sql, _: chain.check(sql, head))

    async def check_rows(self) -> RowCheck:
        return await self._read(lambda sql, _: check_rows(sql))

    async def owners(self) -> list[Owner]:
        return await self._read(lambda sql, _: rows.owners(sql))

    async def rows(self, chosen: Filter) -> list[Row]:
        return await self._read(lambda sql, agents: rows.rows(sql, agents, chosen))

    async def results(self, runs: Sequence[RunId]) -> list[Result | None]:
        return await self._read(lambda sql, agents: rows.results(sql, agents, runs))

    async def last_bodies(self, runs: Sequence[RunId]) -> dict[RunId, Body]:
        return await self._read(lambda sql, _: rows.last_bodies(sql, runs))

    async def last_steps(self, runs: Sequence[RunId]) -> dict[RunId, Body]:
        return await self._read(lambda sql, _: rows.last_steps(sql, runs))

    async def last_times(self, runs: Sequence[RunId]) -> dict[RunId, float]:
        return await self._read(lambda sql, _: rows.last_times(sql, runs))

    async def attempts(self, runs: Sequence[RunId]) -> dict[RunId, list[Attempt]]:
        return await self._read(lambda sql, _: rows.attempts(sql, runs))

    async def child_runs(self, parent: SessionKey) -> list[ChildRun]:
        return await self._read(lambda sql, _: rows.child_runs(sql, parent))

    async def live_among(self, runs: Sequence[RunId]) -> list[RunId]:
        return await self._read(lambda sql, _: rows.live_among(sql, runs))

    async def events(
        self,
        *,
        after: int = 0,
        session: SessionKey | None = None,
        tree: SessionKey | None = None,
        kinds: Collection[str] | None = None,
        limit: int | None = None,
    ) -> list[Event]:
        return await self._read(
            lambda sql, _: rows.events(
                sql, after=after, session=session, tree=tree, kinds=kinds, limit=limit
            )
        )
