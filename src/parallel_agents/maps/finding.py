"""Finding: what became of rows that a map has begun before, alone or in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.children import BegunRows
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.maps.batches import Batches, Part
from parallel_agents.maps.filling import Filled
from parallel_agents.maps.sharing import is_answered

_REJECTED = frozenset({RunStatus.FAILED, RunStatus.TIMED_OUT})


class Found(NamedTuple):
    """The run that a row was begun in, and its place there; None for a run of its own.

    Attributes:
        status: of the row: done if its own answer was accepted, even if its batch is not done.
        is_named: whether the batch has said that this row is one of those that it could not do.
    """

    child: ChildRun
    status: RunStatus
    part: Part | None = None
    is_named: bool = False

    @classmethod
    def alone(cls, child: ChildRun) -> Found:
        return cls(child, child.status)

    @classmethod
    def shared(cls, child: ChildRun, part: Part, result: Result | None) -> Found:
        """A row of a batch; the result is that of a batch which ended without being done."""
        if result is None:
            return cls(child, child.status, part)
        if is_answered(result, part):
            return cls(child, RunStatus.DONE, part)
        return cls(child, child.status, part, is_named=str(part.number) in result.rejected_items)

    def is_lost(self, run: RunId) -> bool:
        """Whether it ended without an answer in an earlier run of the map, and is asked again."""
        return not self.is_settled and self.status.is_over and self.child.asked_by != run

    @property
    def is_settled(self) -> bool:
        """Whether it is not asked again: it is done, or somebody killed it."""
        return self.status is RunStatus.DONE or self.child.stays_killed

    def most(self, size: int) -> int:
        """The most rows with which its row is asked again, so that one that cannot be done is found.

        A batch that has failed is halved; a row that failed alone stays alone, and so does one
        that its batch has named.
        """
        if self.part is None or self.is_named:
            return 1
        return max(1, self.part.of // 2) if self.child.status in _REJECTED else size


async def find_rows(
    sessions: BegunRows, map: SessionKey, batches: Batches, rows: Sequence[Filled], run: RunId
) -> dict[str, Found]:
    """The rows that were begun before, by their keys."""
    parts = {each.key: part for each in rows if (part := batches.of(each.key)) is not None}
    keys = dict.fromkeys([*(row.key for row in rows), *(part.batch for part in parts.values())])
    children = await sessions.children_named(map, list(keys))
    by_name = {name_of(child.key): child for child in children}
    ended = {
        child.run
        for part in parts.values()
        if (child := by_name.get(part.batch)) is not None
        and child.status.is_over
        and child.status is not RunStatus.DONE
    }
    results = {each.run_id: each for each in await sessions.results(list(ended))} if ended else {}
    found: dict[str, Found] = {}
    for each in rows:
        alone, part = by_name.get(each.key), parts.get(each.key)
        shared = None if part is None else by_name.get(part.batch)
        both = [Found.alone(alone)] if alone is not None else []
        if shared is not None and part is not None:
            both.append(Found.shared(shared, part, results.get(shared.run)))
        if both:
            found[each.key] = max(both, key=lambda one: _rank(one, run))
    return found


def _rank(found: Found, run: RunId) -> tuple[int, bool]:
    """An answer counts most, then a run that may bring one, then what this run of the map began."""
    state = 2 if found.status is RunStatus.DONE else int(not found.status.is_over)
    return state, found.child.asked_by == run
