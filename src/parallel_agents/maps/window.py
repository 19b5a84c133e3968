"""Window: the tasks of a map that are in flight, and the order in which their results are given."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from typing import NamedTuple, TypeAlias

from parallel_agents.core import ended_by
from parallel_agents.core.children import MapSessions, RunEnds, Step
from parallel_agents.core.event import Entry
from parallel_agents.core.flow import Batched
from parallel_agents.core.ids import RunId
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import FAILURES, Result, RunStatus
from parallel_agents.core.runner import Activation
from parallel_agents.core.task import AnyTask, OnFailure
from parallel_agents.errors import InvalidInput, LeftRun, PagentsError
from parallel_agents.maps.batches import Part
from parallel_agents.maps.batching import Grouping, batch_key, batch_task
from parallel_agents.maps.counting import Counting
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.finding import Found, find_rows
from parallel_agents.maps.progress import MapProgress
from parallel_agents.maps.room import is_used_up
from parallel_agents.maps.row import Row
from parallel_agents.maps.sharing import part_of

# Rows that wait for an earlier one, so that they are written in order.
_MOST_AHEAD = 10_000
_MOST_AT_ONCE = 256


class Accepted(NamedTuple):
    """A row with its result; `is_reused` says whether it was done before this run of the map."""

    row: Row
    result: Result
    is_reused: bool


Accept: TypeAlias = Callable[[Sequence[Accepted]], Awaitable[None]]


@dataclass(slots=True)
class _Place:
    row: Row
    run: RunId | None
    status: RunStatus
    part: Part | None = None
    was_over: bool = False

    @property
    def is_reused(self) -> bool:
        return self.was_over and self.status is RunStatus.DONE


class _Asked(NamedTuple):
    """A row that is to be asked, with its place and what it came to before."""

    filled: Filled
    place: _Place
    most: int
    before: Found | None = None


class WindowOptions(NamedTuple):
    """How many tasks are in flight, and when no more are begun.

    Attributes:
        size: the most tasks that are spawned and have not ended.
        on_failure: what happens to the other rows when one fails.
        is_budgeted: whether the map has a budget, which its rows may use up.
        batch: the most rows of a task.
        batch_tokens: the most tokens of its rows with their answers; None if nobody knows.
    """

    size: int
    on_failure: OnFailure
    is_budgeted: bool
    batch: int = 1
    batch_tokens: int | None = None


class Window:
    """Does the tasks of rows, so many at once, and gives their results in the order of the rows.

    Args:
        activation: the run of the map that is executed now.
        sessions: the verbs for its children.
        counting: knows the batches of earlier runs, and is told of what is begun again.
        options: how many at once.
        progress: is told of each change.
        now: the clock of `progress`.
    """

    def __init__(
        self,
        activation: Activation,
        sessions: MapSessions,
        counting: Counting,
        options: WindowOptions,
        progress: MapProgress,
        now: Callable[[], float],
    ) -> None:
        self._session = activation.claim.session
        self._run = activation.claim.run
        self._journal = activation.journal
        self._slot = activation.slot
        self._sessions = sessions
        self._options = options
        self._progress = progress
        self._now = now
        self._batches = counting.batches
        self._counting = counting
        self._grouping = Grouping[_Asked](options.batch, options.batch_tokens)
        self._places: deque[_Place] = deque()
        self._live: dict[RunId, list[_Place]] = {}
        self._error: PagentsError | None = None
        self._is_done = False
        self._taken = 0

    async def give(self, rows: Iterator[Filled], accept: Accept) -> None:
        """Do the tasks; `accept` gets the rows with their results, in order.

        Raises:
            InvalidInput: a row cannot be read any more; those before it have been accepted.
            LeftRun: this process is stopping.
        """
        with self._sessions.ends() as ends:
            while True:
                await self._refill(rows)
                if self._is_done or self._error:
                    self._leave_waiting()
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
            if self._taken == self._progress.rows:
                self._is_done = True  # a process that stops here has done them all
                return
            room = self._options.size - len(self._live)
            if room * 2 < self._options.size or len(self._places) >= _MOST_AHEAD:
                return
            count = min(room * self._options.batch, _MOST_AT_ONCE)
            try:
                self._slot.check_stopping()
                taken = await asyncio.to_thread(_taken, rows, count)
                is_last = self._taken + len(taken) == self._progress.rows
                await self._begin(taken, is_last=is_last or len(taken) < count)
            except (InvalidInput, LeftRun) as error:
                self._error = error  # what is in flight ends first
                return
            self._taken += len(taken)
            self._is_done = self._is_done or len(taken) < count
            if len(self._places) >= _MOST_AT_ONCE and self._places[0].status.is_over:
                return  # results that are there already are given first

    async def _begin(self, taken: Sequence[Filled], *, is_last: bool) -> None:
        """Find the rows that were begun before, and begin the others.

        Rows that do not fill a batch wait for those that come next, if there are any.
        """
        session, run, size = self._session.key, self._run.id, self._options.batch
        found = await find_rows(self._sessions, session, self._batches, taken, run)
        live: list[RunId] = []
        groups: list[list[_Asked]] = []
        for each in taken:
            before = found.get(each.key)
            if before is None or before.is_lost(run):
                place = _Place(each.row, None, RunStatus.QUEUED)
                most = size if before is None else before.most(size)
                groups += self._grouping.add(_Asked(each, place, most, before))
            else:
                place = self._placed(each.row, before)
                live += [] if place.status.is_over else [before.child.run]
            self._places.append(place)
        await self._sessions.continue_runs(list(dict.fromkeys(live)))
        rest = self._grouping.rest() if is_last else []
        await self._spawn([*groups, *([rest] if rest else [])])

    def _placed(self, row: Row, found: Found) -> _Place:
        """The place of a row that was begun before."""
        child = found.child
        place = _Place(row, child.run, found.status, found.part, found.status.is_over)
        if place.status.is_over:
            self._count(place)
        else:
            self._live.setdefault(child.run, []).append(place)
        return place

    async def _spawn(self, groups: Sequence[Sequence[_Asked]]) -> None:
        """Begin rows; which batch a row is in is stored before its session is."""
        if not groups:
            return
        if self._progress.began_at is None:
            self._progress.began_at = self._now()
        await self._sessions.settle(_failed_batches(groups))
        await self._store_batches([group for group in groups if len(group) > 1])
        tasks = [_task(group) for group in groups]
        await self._counting.count_again([task.key or "" for task in tasks])
        tried = await self._tried(groups, tasks)
        steps = [Step(task, tried.get(task.key or "")) for task in tasks]
        spawned = await self._sessions.start_steps(self._session.key, steps)
        for group, one in zip(groups, spawned, strict=True):
            for asked in group:
                asked.place.run = one.run_id
                if len(group) > 1:
                    asked.place.part = self._batches.of(asked.filled.key)
            self._live[one.run_id] = [asked.place for asked in group]

    async def _tried(
        self, groups: Sequence[Sequence[_Asked]], tasks: Sequence[AnyTask]
    ) -> dict[str, ChildRun]:
        """The tries that these tasks follow, by their keys: an earlier run may have made the same batch."""
        keys = [
            task.key or ""
            for group, task in zip(groups, tasks, strict=True)
            if any(asked.before is not None for asked in group)
        ]
        if not keys:
            return {}
        children = await self._sessions.children_named(self._session.key, keys)
        return {name_of(child.key): child for child in children}

    async def _store_batches(self, groups: Sequence[Sequence[_Asked]]) -> None:
        batches = [_batched([asked.filled for asked in group]) for group in groups]
        if batches:
            await self._journal.append(*(Entry(each.batch, each) for each in batches))
        for each in batches:
            self._batches.add(each)

    def _leave_waiting(self) -> None:
        """Leave the rows that have not been begun."""
        if any(place.run is None for place in self._places):
            self._grouping.rest()
            self._places = deque(place for place in self._places if place.run is not None)

    async def _hear(self, ends: RunEnds) -> None:
        """Wait until a task ends."""
        for run, status in await ends.some():
            places = self._live.pop(run, None)
            if places is None:
                continue
            statuses = await self._statuses(run, status, places)
            for place, own in zip(places, statuses, strict=True):
                place.status = own
                self._count(place)
            await self._react(run, status)

    async def _statuses(
        self, run: RunId, status: RunStatus, places: Sequence[_Place]
    ) -> list[RunStatus]:
        """The status of each row of a run; rows of a batch that is not done may be done."""
        parts = [place.part for place in places]
        if status is RunStatus.DONE or not any(parts):
            return [status] * len(places)
        (result,) = await self._sessions.results([run])
        return [part_of(result, part).status for part in parts]

    def _count(self, place: _Place) -> None:
        self._progress.end(self._now(), place.status, was_over=place.was_over)

    async def _react(self, run: RunId, status: RunStatus) -> None:
        """Begin nothing more if one failure is too many, or if the budget is used up."""
        if status is RunStatus.OVER_BUDGET and self._options.is_budgeted:
            (result,) = await self._sessions.results([run])
            self._is_done = self._is_done or is_used_up(self._session, result)
        if status not in FAILURES or self._options.on_failure is OnFailure.KEEP_GOING:
            return
        if self._is_done and not self._live:
            return
        self._is_done = True
        if self._options.on_failure is OnFailure.STOP_NEW:
            await self._sessions.end_unbegun(self._run, by=ended_by.OTHER_ROW)
        else:
            await self._sessions.end_children(
                self._run, by=ended_by.OTHER_ROW, status=RunStatus.KILLED
            )

    async def _emit(self, accept: Accept) -> None:
        """Give the results that no earlier row waits for."""
        while self._places and self._places[0].status.is_over:
            given: list[_Place] = []
            while self._places and self._places[0].status.is_over and len(given) < _MOST_AT_ONCE:
                given.append(self._places.popleft())
            begun = [(place, place.run) for place in given if place.run is not None]
            runs = list(dict.fromkeys(run for _, run in begun))
            results = {each.run_id: each for each in await self._sessions.results(runs)}
            accepted = [
                Accepted(place.row, part_of(results[run], place.part), place.is_reused)
                for place, run in begun
            ]
            await accept(accepted)
            for (place, _), each in zip(begun, accepted, strict=True):
                self._progress.write(each.result.total_spend, was_over=place.was_over)


def _task(group: Sequence[_Asked]) -> AnyTask:
    """The task of one row, or that of a batch."""
    if len(group) > 1:
        return batch_task([asked.filled for asked in group])
    first = group[0].filled
    return replace(first.task, key=first.key)


def _failed_batches(groups: Sequence[Sequence[_Asked]]) -> list[RunId]:
    """The batches whose rows are asked anew, in others."""
    before = (asked.before for group in groups for asked in group)
    return list(dict.fromkeys(f.child.run for f in before if f is not None and f.part is not None))


def _batched(rows: Sequence[Filled]) -> Batched:
    return Batched(batch=batch_key(rows), rows=tuple(each.key for each in rows))


def _taken(rows: Iterator[Filled], count: int) -> list[Filled]:
    return list(islice(rows, count))
