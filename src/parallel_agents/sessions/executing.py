"""Executing: what runs of this process need of the verbs: their children, and how those end."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import AbstractContextManager

from parallel_agents.core.engine import Engine
from parallel_agents.core.event_store import Unsubscribe
from parallel_agents.core.ids import RunId
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row, oldest_first
from parallel_agents.core.run import Result, Run, RunStatus
from parallel_agents.core.session import Session
from parallel_agents.core.store import Filter, Store
from parallel_agents.core.task import TeamTask
from parallel_agents.core.verbs import Until
from parallel_agents.engines.team_bounds import learn_bound
from parallel_agents.errors import StoreDamaged
from parallel_agents.sessions.completions import Completions, Ends
from parallel_agents.sessions.reading import StoreReads
from parallel_agents.sessions.wait_watch import WaitWatch, cannot_continue

_TASKS_SHOWN = 5


class Executing(StoreReads):
    """The verbs that look and wait, for sessions whose runs an engine executes here.

    Attributes:
        watch: sees whether anybody works on what this process waits for.
    """

    def __init__(self, store: Store, completions: Completions, engine: Engine) -> None:
        super().__init__(store, completions)
        self._engine = engine
        self.watch = WaitWatch(store, engine)

    async def take_children(self, parent: Session, team: TeamTask) -> list[RunId]:
        """The runs of a team's tasks, in order; live runs are executed here."""
        children = await self._store.child_runs(parent.key)
        if any(not c.status.is_over and not self._engine.has(c.run) for c in children):
            await self.continue_children(parent)
        runs = {child.key: child.run for child in children}
        if missing := [key for key in team.keys if key not in runs]:
            raise StoreDamaged(
                f"the record of {len(missing)} of the team's {len(team.keys)} tasks is missing",
                why=f"the store has no readable run of {', '.join(missing[:_TASKS_SHOWN])}",
                hint="restore a copy of the store, or spawn the team again under another key",
            )
        return [runs[key] for key in team.keys]

    async def continue_children(self, parent: Session) -> None:
        """Execute here the live runs under a session, except those that another process executes."""
        live = Filter(parent=parent.key, is_live=True, every_run=True)
        for row in oldest_first(await self._store.rows(live)):
            if not self._engine.lacks(row):  # whoever has it takes it over
                await self.submit(row)

    async def end_children(self, parent: Run, *, by: str, status: RunStatus) -> None:
        """End the live runs under a run's session, except those that outlive it."""
        await self._store.end_children(parent, by=by, status=status)

    async def settle(self, runs: Sequence[RunId]) -> None:
        """Drop the dead letters of runs whose work is done anew."""
        await self._store.drop_dead_letters(runs)

    async def end_unbegun(self, parent: Run, *, by: str) -> None:
        """End the children of a run's session that nobody has started."""
        await self._store.end_unbegun(parent, by=by)

    async def child_ends(self, parent: Session, runs: Sequence[RunId]) -> AsyncGenerator[RunStatus]:
        """The status of each of these runs of a session's children, as they end, until all have."""
        with self._completions.ends() as ends:
            waiting = set(runs)
            for child in await self._store.child_runs(parent.key):
                if child.run in waiting and child.status.is_over:
                    waiting.discard(child.run)
                    yield child.status
            while waiting:
                run, status = await ends.next()
                if run in waiting:
                    waiting.discard(run)
                    yield status

    def ends(self) -> AbstractContextManager[Ends]:
        """The ends of all runs from now on, until the block exits."""
        return self._completions.ends()

    async def wait(
        self, runs: Sequence[RunId], *, timeout: float | None = None, until: Until = Until.ALL
    ) -> list[Result]:
        if until is not Until.NOW:
            try:
                async with asyncio.timeout(timeout):
                    await self.wait_over(runs, until)
            except TimeoutError:
                await self._check_over(runs, until, timeout)
        return await self.results(runs)

    async def _check_over(self, runs: Sequence[RunId], until: Until, timeout: float | None) -> None:
        """Look once more at the end of the time, which may be too short for any look.

        Raises:
            TimeoutError: the runs have not ended as `until` says.
        """
        live = await self._store.live_among(runs)
        if live and not await self._is_enough(runs, live, until):
            raise TimeoutError(
                f"the runs have not ended in {timeout or 0:g} s; they continue"
            ) from None

    async def wait_over(self, runs: Sequence[RunId], until: Until = Until.ALL) -> None:
        """Return when the runs have ended as `until` says.

        Raises:
            CannotContinue: none of those that have not ended can end, since no process executes them
                and this one lacks something for each.
        """
        expected = {run: self._completions.expect(run) for run in dict.fromkeys(runs)}
        try:
            live = await self._store.live_among(runs)
            if not await self._is_enough(runs, live, until):
                ends = {run: expected[run] for run in live}
                async with self.watch.watching(ends):
                    await self._completions.wait(ends, until)
        finally:
            for run, future in expected.items():
                self._completions.forget(run, future)

    async def _is_enough(self, runs: Sequence[RunId], live: Sequence[RunId], until: Until) -> bool:
        """Whether the runs that have ended already are enough."""
        over = set(runs) - set(live)
        if until is Until.ALL or not over:
            return not live
        if until is Until.ANY:
            return True
        return any(result and result.is_done for result in await self._store.results(list(over)))

    async def count_children(self, parent: Session, team: TeamTask) -> Counter[RunStatus]:
        """How many of a team's tasks have each status."""
        children = await self._store.child_runs(parent.key)
        statuses = {child.key: child.status for child in children}
        return Counter(statuses.get(key, RunStatus.UNREADABLE) for key in team.keys)

    def listen(self, run: RunId, on_text: Callable[[str], None]) -> Unsubscribe:
        return self._engine.listen(run, on_text)

    def check_here(self, row: Row) -> None:
        """Refuse a session for which this process lacks something.

        Raises:
            CannotContinue: it does.
        """
        if lack := self._engine.lacks(row):
            raise cannot_continue(row, lack)

    async def check_able(self, rows: Sequence[Row]) -> None:
        """Refuse to continue here what this process would only break.

        Raises:
            CannotContinue: it lacks something that a run needs which no living process executes.
        """
        for row in rows:
            if row.run.status.is_over or not (lack := self._engine.lacks(row)):
                continue
            now = await self._store.rows(Filter(run=row.run.id))
            if now and (now[0].run.status.is_over or now[0].owner_state is OwnerState.LIVE):
                continue
            raise cannot_continue(row, lack)

    async def continue_runs(self, runs: Sequence[RunId]) -> None:
        """Execute live runs in this process, unless another one executes them.

        Raises:
            CannotContinue: this process lacks something for one of them.
        """
        left = [run for run in runs if not self._engine.has(run)]
        rows = await self._store.rows_of(left) if left else []
        await self.check_able(rows)
        for row in rows:
            if not row.run.status.is_over and not self._engine.lacks(row):
                await self.submit(row)

    async def submit(self, row: Row) -> None:
        """Execute a run here, within its team's limit."""
        await learn_bound(self._engine, self._store, row.session.root)
        self._engine.submit(row)
