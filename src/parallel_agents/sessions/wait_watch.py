"""Wait watch: sees whether anybody works on the runs that this process waits for, so that no wait hangs in silence."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple, TypeAlias

from parallel_agents.core.engine import Engine
from parallel_agents.core.ids import RunId
from parallel_agents.core.needs import OUTSIDE, STARTED
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter, Store
from parallel_agents.errors import CannotContinue

# By then a worker that was started has given its first sign of life, and every living process with a
# free slot has seen a run that it can execute at a heartbeat.
_PATIENCE_SECONDS = 6.0
_LOG = logging.getLogger("parallel_agents")

Ends: TypeAlias = Mapping[RunId, "asyncio.Future[RunStatus]"]


class _Left(NamedTuple):
    """A run that no process works on; `lack` is what this one lacks for it, empty if nothing."""

    row: Row
    lack: str


class WaitWatch:
    """The waits of this process, which the engine's heartbeats look after together.

    Args:
        store: holds the runs.
        engine: executes runs here; a process without one leaves them, and sees to no wait.
    """

    def __init__(self, store: Store, engine: Engine) -> None:
        self._store = store
        self._engine = engine
        self._waits: dict[int, Ends] = {}
        self._since: dict[RunId, float] = {}  # when each was first seen to be left
        self._told: set[RunId] = set()

    @asynccontextmanager
    async def watching(self, ends: Ends) -> AsyncGenerator[None]:
        """A block that waits for runs; once none of them can end any more, their futures raise that.

        What is set is CannotContinue: this process lacks what they need, and no other one has them.
        """
        if self._engine.owner is None:
            yield
            return
        self._waits[id(ends)] = ends
        try:
            await self._look([ends])
            yield
        finally:
            del self._waits[id(ends)]

    async def sweep(self, is_worker_starting: Callable[[], bool]) -> None:
        """Look at all waits, and end those in vain, unless a worker has been started that is not at work yet."""
        if not self._waits:
            self._since.clear()
            return
        waits = [*self._waits.values()]
        stuck = await self._look(waits)
        if stuck and not await asyncio.to_thread(is_worker_starting):
            for ends in waits:
                _raise_if_stuck(ends, stuck)

    async def _look(self, waits: Collection[Ends]) -> Mapping[RunId, _Left]:
        """Those of the runs that nobody will execute; of others that are left, people are told."""
        stuck: dict[RunId, _Left] = {}
        left = await self._find_left(run for ends in waits for run in _pending(ends))
        if not left:
            return stuck
        may_begin = await self._may_others_begin()
        now = asyncio.get_running_loop().time()
        for each in left:
            run = each.row.run.id
            is_seen_long = now - self._since.setdefault(run, now) >= _PATIENCE_SECONDS
            is_over = each.row.owner_state is OwnerState.GONE  # nobody adopts what was stopped
            if each.lack and is_seen_long and (is_over or not may_begin):
                stuck[run] = each
            elif is_seen_long or (is_over and not each.lack):
                self._tell(each, may_begin=may_begin)
        return stuck

    async def _find_left(self, runs: Iterable[RunId]) -> list[_Left]:
        """Those of these runs that no process works on, nor is kept from by a pause."""
        elsewhere = {run for run in runs if not self._engine.has(run)}
        rows = await self._store.rows_of(list(elsewhere)) if elsewhere else []
        left = [_Left(row, await self._lack(row)) for row in rows if row.is_left]
        for run in elsewhere - {each.row.run.id for each in left}:
            self._since.pop(run, None)
        return left

    async def _lack(self, row: Row) -> str:
        """What this process lacks for a run; of a group also for its tasks, without which it is not begun."""
        if (lack := self._engine.lacks(row)) or not row.run.kind.is_group:
            return lack
        below = Filter(tree=row.session.key, is_live=True, every_run=True)
        tasks = [each for each in await self._store.rows(below) if each.is_left]
        lacks = ((each, self._engine.lacks(each)) for each in tasks)
        return next((f"{each.session.label}: {lack}" for each, lack in lacks if lack), "")

    async def _may_others_begin(self) -> bool:
        """Whether another process is at work and may have what is needed.

        One that does nothing, and has not begun a run within its patience, lacks something for it.
        """
        for owner in await self._store.owners():
            if owner.state is not OwnerState.LIVE or owner.id == self._engine.owner:
                continue
            if await self._store.rows(Filter(owner=owner.id, limit=1)):
                return True
        return False

    def _tell(self, left: _Left, *, may_begin: bool) -> None:
        """Log once that nobody works on a run, since nobody may ever continue it."""
        row = left.row
        if row.run.id in self._told or (may_begin and not left.lack):
            return
        self._told.add(row.run.id)
        if left.lack:
            _LOG.warning(
                "no process works on %s, and this one cannot: %s; it waits for one that can",
                row.session.key,
                left.lack,
            )
            return
        _LOG.warning(
            "no process works on %s: %s; spawn it again under its key, or call `pagents resume %s`",
            row.session.key,
            row.why_left,
            row.run.id,
        )


def cannot_continue(row: Row, lack: str) -> CannotContinue:
    return CannotContinue(
        f"{row.session.label} cannot be continued by this process",
        why=lack,
        hint=f"run it in a folder without .parallel-agents around it: cd /tmp; pagents resume {row.session.name}"
        if lack == f"{STARTED} {OUTSIDE}"
        else "continue it where it was started, or pass what it names, as gates=, tools= or flows= of"
        " `open`; `pagents list` says what a run waits for",
    )


def _pending(ends: Ends) -> list[RunId]:
    return [run for run, future in ends.items() if not future.done()]


def _raise_if_stuck(ends: Ends, stuck: Mapping[RunId, _Left]) -> None:
    """End a wait of which no run can end any more."""
    pending = _pending(ends)
    if not pending or any(run not in stuck for run in pending):
        return
    for run in pending:
        ends[run].set_exception(cannot_continue(*stuck[run]))
