"""Finding: what became of rows that a map has begun before, alone or in a batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.children import BegunRows
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.retry_keys import name_of
from parallel_agents.core.row import ChildRun
from parallel_agents.core.run import RunStatus
from parallel_agents.maps.batches import Batches, Part
from parallel_agents.maps.filling import Filled

_REJECTED = frozenset({RunStatus.FAILED, RunStatus.TIMED_OUT})


class Found(NamedTuple):
    """The run that a row was begun in, and its place there; None for a run of its own."""

    child: ChildRun
    part: Part | None = None

    def is_lost(self, run: RunId) -> bool:
        """Whether it ended without an answer in an earlier run of the map than this one."""
        status = self.child.status
        return status.is_over and status is not RunStatus.DONE and self.child.asked_by != run

    def most(self, size: int) -> int:
        """The most rows with which its row is asked again, so that one that cannot be done is found.

        A batch that has failed is halved; a row that failed alone stays alone.
        """
        if self.part is None:
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
    found: dict[str, Found] = {}
    for each in rows:
        alone, part = by_name.get(each.key), parts.get(each.key)
        shared = None if part is None else by_name.get(part.batch)
        both = [Found(alone)] if alone is not None else []
        both += [Found(shared, part)] if shared is not None else []
        if both:
            found[each.key] = max(both, key=lambda one: _rank(one.child, run))
    return found


def _rank(child: ChildRun, run: RunId) -> tuple[int, bool]:
    """An answer counts most, then a run that may bring one, then what this run of the map began."""
    state = 2 if child.status is RunStatus.DONE else int(not child.status.is_over)
    return state, child.asked_by == run
