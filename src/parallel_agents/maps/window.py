"""Window: the tasks of a map that are in flight, and the order in which their results are given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, TypeAlias

from parallel_agents.core.children import MapSessions, RunEnds, Step
from parallel_agents.core.ids import RunId
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import FAILURES, Result, Run, RunStatus
from parallel_agents.core.runner import RunSlot
from parallel_agents.core.session import Session
from parallel_agents.core.task import AnyTask, OnFailure
from parallel_agents.errors import InvalidInput, LeftRun, PagentsError
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.progress import MapProgress
from parallel_agents.maps.room import is_used_up
from parallel_agents.maps.row import Row

# Rows that wait for an earlier one, so that they are written in order.
_MOST_AHEAD = 10_000
_MOST_AT_ONCE = 256
_SIBLING = "another row's failure"


class Accepted(NamedTuple):
    """A row with its result; `is_reused` says whether it was done before this run of the map."""

    row: Row
    result: Result
    is_reused: bool


Accept: TypeAlias = Callable[[Sequence[Accepted]], Awaitable[None]]


@dataclass(slots=True)
class _Place:
    row: Row
    run: RunId
    status: RunStatus
    is_reused: bool = False


class WindowOptions(NamedTuple):
    """How many tasks are in flight, and when no more are begun.

    Attributes:
        size: the most tasks that are spawned and have not ended.
        on_failure: what happens to the other rows when one fails.
        is_budgeted: whether the map has a budget, which its rows may use up.
    """

    size: int
    on_failure: OnFailure
    is_budgeted: bool


class Window:
    """Does the tasks of rows, so many at once, and gives their results in the order of the rows.

    Args:
        session: of the map.
        run: the run of the map that is executed now.
        sessions: the verbs for its children.
        slot: says when this process is stopping.
        options: how many at once.
        progress: is told of each change.
        now: the clock of `progress`.
    """

    def __init__(
        self,
        session: Session,
        run: Run,
        sessions: MapSessions,
        slot: RunSlot,
        options: WindowOptions,
        progress: MapProgress,
        now: Callable[[], float],
    ) -> None:
        self._session = session
        self._run = run
        self._sessions = sessions
        self._slot = slot
        self._options = options
        self._progress = progress
        self._now = now
        self._places: deque[_Place] = deque()
        self._live: dict[RunId, _Place] = {}
        self._error: PagentsError | None = None
        self._is_done = False

    async def give(self, rows: Iterator[Filled], accept: Accept) -> None:
        """Do the tasks; `accept` gets the rows with their results, in order.

        Raises:
            InvalidInput: a row cannot be read any more; those before it have been accepted.
            LeftRun: this process is stopping.
        """
        with self._sessions.ends() as ends:
            while True:
                await self._refill(rows)
                await self._emit(accept)
                if not self._live and (self._is_done or self._error):
                    break
                if self._live:
                    await self._hear(ends)
        if self._error is not None:
            raise self._error

    async def _refill(self, rows: Iterator[Filled]) -> None:
        """Begin tasks until the window is full; it is left alone until half of it is free."""
        while not (self._is_done or self._error):
            room = self._options.size - len(self._live)
            if room * 2 < self._options.size or len(self._places) >= _MOST_AHEAD:
                return
            count = min(room, _MOST_AT_ONCE)
            try:
                self._slot.check_stopping()
                taken = await asyncio.to_thread(_taken, rows, count)
                await self._begin(taken)
            except (InvalidInput, LeftRun) as error:
                self._error = error  # what is in flight ends first
                return
            self._is_done = self._is_done or len(taken) < count
            if len(self._places) >= _MOST_AT_ONCE and self._places[0].status.is_over:
                return  # results that are there already are given first

    async def _begin(self, taken: Sequence[Filled]) -> None:
        """Find the rows that were begun before, and begin the others."""
        if not taken:
            return
        keys = [each.key for each in taken]
        children = await self._sessions.children_named(self._session.key, keys)
        found = {name_of(child.key): child for child in children}
        new = [each for each in taken if self._is_new(found.get(each.key))]
        if new and self._progress.began_at is None:
            self._progress.began_at = self._now()
        steps = [Step(_keyed(each), found.get(each.key)) for each in new]
        spawned = await self._sessions.start_steps(self._session.key, steps) if steps else []
        runs = {each.key: one.run_id for each, one in zip(new, spawned, strict=True)}
        live = [child.run for child in found.values() if not child.status.is_over]
        await self._sessions.continue_runs(live)
        for each in taken:
            if each.key in runs:
                place = _Place(each.row, runs[each.key], RunStatus.QUEUED)
            else:
                child = found[each.key]
                is_reused = child.status is RunStatus.DONE
                place = _Place(each.row, child.run, child.status, is_reused=is_reused)
            self._places.append(place)
            if place.status.is_over:
                self._count(place)
            else:
                self._live[place.run] = place

    def _is_new(self, child: ChildRun | None) -> bool:
        """Whether a task is to be spawned: it never was, or an earlier run of the map saw it fail."""
        if child is None:
            return True
        is_lost = child.status.is_over and child.status is not RunStatus.DONE
        return is_lost and child.asked_by != self._run.id

    async def _hear(self, ends: RunEnds) -> None:
        """Wait until a task ends."""
        for run, status in await ends.some():
            place = self._live.pop(run, None)
            if place is None:
                continue
            place.status = status
            self._count(place)
            await self._react(place)

    def _count(self, place: _Place) -> None:
        self._progress.end(
            self._now(), is_reused=place.is_reused, is_failed=place.status is not RunStatus.DONE
        )

    async def _react(self, place: _Place) -> None:
        """Begin nothing more if one failure is too many, or if the budget is used up."""
        status = place.status
        if status is RunStatus.OVER_BUDGET and self._options.is_budgeted:
            (result,) = await self._sessions.results([place.run])
            self._is_done = self._is_done or is_used_up(self._session, result)
        if status not in FAILURES or self._options.on_failure is OnFailure.KEEP_GOING:
            return
        if self._is_done and not self._live:
            return
        self._is_done = True
        if self._options.on_failure is OnFailure.STOP_NEW:
            await self._sessions.end_unbegun(self._run, by=_SIBLING)
        else:
            await self._sessions.end_children(self._run, by=_SIBLING, status=RunStatus.KILLED)

    async def _emit(self, accept: Accept) -> None:
        """Give the results that no earlier row waits for."""
        while self._places and self._places[0].status.is_over:
            given: list[_Place] = []
            while self._places and self._places[0].status.is_over and len(given) < _MOST_AT_ONCE:
                given.append(self._places.popleft())
            results = await self._sessions.results([place.run for place in given])
            accepted = [
                Accepted(place.row, result, place.is_reused)
                for place, result in zip(given, results, strict=True)
            ]
            await accept(accepted)
            for each in accepted:
                self._progress.write(each.result.total_spend, is_reused=each.is_reused)


def _keyed(filled: Filled) -> AnyTask:
    return replace(filled.task, key=filled.key)


def _taken(rows: Iterator[Filled], count: int) -> list[Filled]:
    return list(islice(rows, count))
