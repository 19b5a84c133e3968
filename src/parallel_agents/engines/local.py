"""Local engine: executes runs in this process, as tasks of one group, within its slots."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Self

from parallel_agents.core.call_decisions import Answered
from parallel_agents.core.engine import Scope
from parallel_agents.core.event import Event, Finished, Noticed, Queued, Replied, Started, Steered
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import OwnerId, RunId, SessionKey
from parallel_agents.core.owner import Owner, OwnerState, Role
from parallel_agents.core.pause import is_unpause
from parallel_agents.core.row import Row, oldest_first
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.runner import Activation, OnText, Runner
from parallel_agents.core.store import Claim, Store
from parallel_agents.engines import ownership
from parallel_agents.engines.adoption import (
    Adopted,
    Departures,
    announce_taken,
    sort_orphans,
)
from parallel_agents.engines.blocked import BlockedRuns
from parallel_agents.engines.live_run import (
    Settlements,
    StoreBudget,
    StoreJournal,
)
from parallel_agents.engines.rules import Rules
from parallel_agents.engines.run_edge import run_to_end
from parallel_agents.engines.slots import EngineSlot, ScheduledRun, Slots, stopping, until_quiet
from parallel_agents.engines.sweeping import Sweep, Sweeping
from parallel_agents.engines.team_bounds import learn_bound
from parallel_agents.engines.text_listeners import TextListeners
from parallel_agents.errors import LeftRun, StoreError

_log = logging.getLogger(__name__)
# A store that another program holds for longer learns of the engine's end later, from its writer.
_LAST_WRITES_SECONDS = 10.0


class LocalEngine:
    """An engine for as long as its `async with` block lasts.

    Leaving it starts no new runs, lets calls in flight end and stores their results, cancels runs
    that only wait, and releases what it took over to the store, so that any process can continue it.

    Args:
        store: holds the runs.
        owner: this process.
        runners: the runner of each kind of run.
        rules: the rules for runs in this process.
        on_failure: called once if the store fails, which ends the engine.
        sweeps: called after heartbeats, for what need not be timed.
        adopted: chooses what is taken over, and knows what was.
    """

    def __init__(
        self,
        store: Store,
        owner: Owner,
        *,
        runners: Mapping[RunnerKind, Runner],
        rules: Rules,
        on_failure: Callable[[StoreError], None],
        sweeps: Sequence[Sweep] = (),
        adopted: Adopted | None = None,
    ) -> None:
        self._sweeping = Sweeping(sweeps)
        self._store = store
        self._owner = owner
        self._runners = runners
        self._rules = rules
        self._watch = ownership.DeathWatch(owner)
        self._on_failure = on_failure
        self._slots: Slots[ScheduledRun] = Slots()
        self._scheduled: dict[RunId, ScheduledRun] = {}
        self._blocked = BlockedRuns()
        self._is_admission_due = False
        self._adopted = Adopted() if adopted is None else adopted
        self._left: set[RunId] = set()  # what this process cannot execute, whoever else may
        self._departures = Departures()
        self._listeners = TextListeners()
        self._group = asyncio.TaskGroup()
        self._idle = asyncio.Event()
        self._idle.set()
        self._busy = asyncio.Event()
        self._news = asyncio.Event()
        self._settlements = Settlements()
        self._is_stopping = self._has_failed = False
        self._heartbeats: asyncio.Task[None] | None = None
        self._unsubscribe: tuple[Unsubscribe, ...] = ()

    @property
    def owner(self) -> OwnerId:
        return self._owner.id

    @property
    def is_idle(self) -> bool:
        """Whether nothing runs and nothing waits."""
        return not self._scheduled

    async def __aenter__(self) -> Self:
        ownership.working.add(self._owner.id)
        await self._store.heartbeat(self._owner)
        await ownership.mark_dead(self._store, self._watch)
        self._unsubscribe = (
            self._store.subscribe(self._on_events),
            self._store.on_failure(self._fail),
        )
        await self._group.__aenter__()
        self._heartbeats = self._group.create_task(self._keep_alive())
        return self

    async def __aexit__(self, *error: object) -> None:
        self.admit_nothing_new()
        try:
            if error[0] is None and not self._has_failed:
                await self.wait_calls_ended()
        finally:
            await self._shut_down()

    async def _shut_down(self) -> None:
        self.cancel_all()
        self._sweeping.cancel()
        if self._heartbeats is not None:
            self._heartbeats.cancel()
        await self._group.__aexit__(None, None, None)
        for unsubscribe in self._unsubscribe:
            unsubscribe()
        # A store that failed may work again by now; if not, its writer keeps trying.
        try:
            with suppress(TimeoutError, *([StoreError] if self._has_failed else [])):
                async with asyncio.timeout(_LAST_WRITES_SECONDS):
                    await asyncio.gather(
                        self._store.release(self._owner.id, self._adopted.runs),
                        self._store.heartbeat(replace(self._owner, state=OwnerState.GONE)),
                    )
        finally:
            ownership.working.discard(self._owner.id)

    def has(self, run: RunId) -> bool:
        return run in self._scheduled

    def lacks(self, row: Row) -> str:
        return "" if row.run.owner == self._owner.id else self._rules.lacks(row)

    def bound(self, scope: Scope, at_most: int | None) -> None:
        self._slots.bound(scope, at_most)
        self._admit()

    def has_bound(self, scope: Scope) -> bool:
        return self._slots.has_bound(scope)

    def listen(self, run: RunId, on_text: OnText) -> Unsubscribe:
        """Receive the text of a run that is executed here as it arrives."""
        return self._listeners.add(run, on_text)

    def submit(self, row: Row) -> None:
        self._adopted.keep(row.session)
        self._schedule(row)

    def _schedule(self, row: Row) -> None:
        if self._is_stopping:
            raise stopping()
        if row.run.id in self._scheduled or row.run.status.is_over:
            return
        scheduled = self._scheduled[row.run.id] = ScheduledRun(row)
        self._idle.clear()
        self._busy.set()
        scopes = self._rules.scopes_of(row)
        for scope, at_most in scopes.items():
            if at_most is not None:
                self._slots.bound(scope, at_most)
        self._slots.wait(scheduled, tuple(scopes), priority=row.run.priority)
        if not self._is_admission_due:  # once all of a spawn is queued
            self._is_admission_due = True
            asyncio.get_running_loop().call_soon(self._admit)

    def admit_nothing_new(self) -> None:
        self._is_stopping = True
        for scheduled in self._slots.clear():
            if scheduled.task is None:
                self._drop(scheduled.row.run.id)
            else:
                scheduled.refuse_return()
        for scheduled in self._scheduled.values():
            if scheduled.is_resting:
                scheduled.cancel()

    async def wait_calls_ended(self) -> None:
        """Return when every run has stopped, except those that only wait for other runs."""
        while working := self._working():
            await until_quiet(working)

    @property
    def calls_in_flight(self) -> int:
        """How many runs are in a call that can finish."""
        return sum(not (run.task and run.task.cancelling()) for run in self._working())

    def _working(self) -> list[ScheduledRun]:
        return [scheduled for scheduled in self._scheduled.values() if scheduled.is_working]

    async def wait_idle(self) -> None:
        """Return when nothing runs and nothing waits."""
        await self._idle.wait()

    async def wait_busy(self) -> None:
        """Return when something runs or waits."""
        await self._busy.wait()

    def cancel_all(self) -> None:
        """Cancel every run at once; each can continue from its last event."""
        self.admit_nothing_new()
        for scheduled in self._scheduled.values():
            scheduled.cancel()

    def _admit(self) -> None:
        self._is_admission_due = False
        while (taken := self._slots.take()) is not None:
            scheduled, scopes = taken
            if scheduled.task is None:
                scheduled.scopes = scopes
                scheduled.task = self._group.create_task(self._execute(scheduled))
                # Not a `finally` of the task: one that is cancelled before its first step has none.
                scheduled.task.add_done_callback(partial(self._remove, scheduled))
            elif scheduled.is_waiting_to_return:
                scheduled.return_to(scopes)
            else:
                self._slots.release(scopes)  # the run ended while it waited for them

    def _remove(self, scheduled: ScheduledRun, _: asyncio.Task[None]) -> None:
        self._drop(scheduled.row.run.id)
        self._slots.release(scheduled.scopes)
        if not scheduled.has_left:
            self._listeners.drop(scheduled.row.run.id)
        if scheduled.has_left and scheduled.is_paused:
            self._blocked.add(scheduled)
        elif (scheduled.is_freed or scheduled.has_left) and not self._is_stopping:
            self._schedule(scheduled.row)
        self._admit()

    async def _execute(self, scheduled: ScheduledRun) -> None:
        run = scheduled.row.run.id
        try:
            if (claim := await self._claim(scheduled)) is not None:
                await self._run(scheduled, claim)
        except LeftRun as reason:
            _log.debug("run %s: %s", run, reason)
        except StoreError as error:
            self._fail(error)

    async def _claim(self, scheduled: ScheduledRun) -> Claim | None:
        """Claim the run, or leave it blocked by another one of its session or by a pause."""
        run, session = scheduled.row.run.id, scheduled.row.session.key
        # Blocked before the claim is made: the end that frees it may be heard before the answer.
        self._blocked.add(scheduled)
        try:
            claim = await self._store.claim(run, self._owner.id)
        except LeftRun:
            self._left.add(run)
            raise
        if claim is not None:
            scheduled.is_freed = False
            self._blocked.drop(session, run)
        return claim

    async def _run(self, scheduled: ScheduledRun, claim: Claim) -> None:
        # The claim's values replace those of the queue, or each live run would hold both.
        scheduled.row = Row(session=claim.session, run=claim.run)
        journal = scheduled.journal = StoreJournal(claim, self._store)
        slot = EngineSlot(scheduled, self._slots, self._admit, lambda: self._is_stopping)
        slot.check_stopping()  # it may have been paused since the claim
        activation = Activation(
            claim=claim,
            journal=journal,
            slot=slot,
            inbox=scheduled.mailbox,
            budget=StoreBudget(claim, self._store, slot, journal, self._settlements),
            listeners=self._listeners.of(claim.run.id),
        )
        await run_to_end(self._runners[claim.run.kind], activation)

    def _drop(self, run: RunId) -> None:
        del self._scheduled[run]
        if not self._scheduled:
            self._idle.set()
            self._busy.clear()

    def _on_events(self, events: Sequence[Event]) -> None:
        for event in events:
            if isinstance(event.body, Started):
                self._note_claim(event, event.body)
            elif isinstance(event.body, Steered | Answered):
                if scheduled := self._scheduled.get(event.run):
                    scheduled.mailbox.receive(event)
            elif isinstance(event.body, Replied):
                self._settlements.announce()
            elif isinstance(event.body, Finished):
                self._settlements.announce()
                self._note_end(event)
            elif isinstance(event.body, Noticed):
                self._note_pause(event)
            elif isinstance(event.body, Queued):
                self._look_for_work()

    def _note_claim(self, event: Event, started: Started) -> None:
        """Stop a run that another process has taken over, before its next effect."""
        scheduled = self._scheduled.get(event.run)
        if scheduled and scheduled.task and started.owner != self._owner.id and scheduled.journal:
            _log.warning("%s took over run %s", started.owner, event.run)
            scheduled.task.cancel()

    def _note_end(self, event: Event) -> None:
        """Cancel a run that was ended from outside, and free its session for the next run."""
        if scheduled := self._scheduled.get(event.run):
            scheduled.end()
        else:
            self._listeners.drop(event.run)
        self._adopted.drop(event.run)
        self._blocked.drop(event.session, event.run)
        self._free(event.session)

    def _note_pause(self, event: Event) -> None:
        """Stop a run that was paused, and let one whose pause has ended be claimed."""
        scheduled = self._scheduled.get(event.run)
        if scheduled:
            scheduled.hear(event.body)
        if is_unpause(event.body):
            self._free(event.session)
            self._look_for_work()

    def _free(self, session: SessionKey) -> None:
        """Let runs of a session be claimed that were blocked."""
        for blocked in self._blocked.take(session):
            if self.has(blocked.row.run.id):
                blocked.is_freed = True
            elif not self._is_stopping:
                self._schedule(blocked.row)

    def _fail(self, error: StoreError) -> None:
        if self._has_failed:
            return
        self._has_failed = True
        self._on_failure(error)
        self.cancel_all()

    async def _keep_alive(self) -> None:
        """Send a heartbeat every two seconds, and adopt the runs of owners that have stopped sending."""
        try:
            while True:
                await ownership.mark_dead(self._store, self._watch)
                await self.adopt_orphans()
                await self._wait_news()
                await self._store.heartbeat(self._owner)
                self._sweeping.begin(self._group, self._fail)
        except StoreError as error:
            self._fail(error)

    def _look_for_work(self) -> None:
        if self._owner.role is Role.WORKER:
            self._news.set()

    async def _wait_news(self) -> None:
        """Wait until the next heartbeat is due, or a run is queued that a worker may take."""
        with suppress(TimeoutError):
            async with asyncio.timeout(ownership.HEARTBEAT_SECONDS):
                await self._news.wait()
        self._news.clear()

    async def adopt_orphans(self) -> None:
        """Take over the runs that have no live owner."""
        taken: list[Row] = []
        found = await ownership.find_orphans(self._store)
        orphans = await self._adopted.choose([row for row in found if row.run.id not in self._left])
        able, damaged = sort_orphans(orphans, self._adopted.lacks_by(self._rules))
        for row in damaged:
            with suppress(LeftRun):
                await self._store.claim(row.run.id, self._owner.id)  # which ends it
        for row in oldest_first(able):
            await learn_bound(self, self._store, row.session.root)
            if not self._is_stopping and row.run.id not in self._scheduled:
                self._adopted.take(row)
                self._schedule(row)
                taken.append(row)
        announce_taken(taken, self._owner.role)
        for row in await self._departures.runs_left(self._store) if self._blocked else ():
            if row in self._blocked and not self._is_stopping:
                self._schedule(row)
