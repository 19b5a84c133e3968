"""Usual: how long earlier runs of the same team, flow or agent took."""

from __future__ import annotations

import statistics
from collections.abc import Iterable
from typing import NamedTuple

from parallel_agents.core.filter import Filter
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.verbs import SessionReads

_LEAST, _MOST = 3, 50


class Usual(NamedTuple):
    """The median of how long runs took, and what nine of ten were within, in seconds."""

    seconds: float
    low: float
    high: float
    runs: int


async def usual_of(reads: SessionReads, row: Row) -> Usual | None:
    """How long the last runs took that were done and are the same as this one but for their input.

    A root is compared with roots of its agent; those of a team or flow also have its label. None if
    fewer than three were done: a median of two misleads.
    """
    session = row.session
    if session.parent is not None:
        return None
    name = session.label if row.run.kind.is_group else None
    chosen = Filter(
        roots_only=True,
        agent=None if name else session.agent.name,
        statuses=(RunStatus.DONE,),
        labels=None if not name else (name,),
        limit=_MOST,
    )
    earlier = [
        each
        for each in await reads.list(chosen)
        if each.session.key != session.key
        and each.run.created_at <= row.run.created_at
        and each.run.kind is row.run.kind
        and (name is None or each.session.label == name)
    ]
    return usual(each for each in map(_seconds, earlier) if each is not None)


def usual(seconds: Iterable[float]) -> Usual | None:
    """The median and the range of at least three durations."""
    found = sorted(seconds)
    if len(found) < _LEAST:
        return None
    cut = len(found) // 10
    return Usual(statistics.median(found), found[cut], found[-1 - cut], len(found))


def _seconds(row: Row) -> float | None:
    run = row.run
    if run.started_at is None or run.finished_at is None:
        return None
    return run.finished_at - run.started_at
