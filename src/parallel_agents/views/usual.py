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
    """How long the last runs of the same name took that were done before this one.

    None without a name, for what another session spawned, and if fewer than three were done: a median of
    two misleads.
    """
    session = row.session
    # An index has the whole names; a colon would have all keys searched.
    if session.parent is not None or not session.label or ":" in session.label:
        return None
    chosen = Filter(roots_only=True, prefix=session.label, statuses=(RunStatus.DONE,), limit=_MOST)
    earlier = [each for each in await reads.list(chosen) if _is_earlier(each, row)]
    return usual(each for each in map(_seconds, earlier) if each is not None)


def _is_earlier(other: Row, row: Row) -> bool:
    is_same = (other.session.label, other.session.agent.name, other.run.kind) == (
        row.session.label,
        row.session.agent.name,
        row.run.kind,
    )
    return (
        is_same
        and other.session.key != row.session.key
        and other.run.created_at <= row.run.created_at
    )


def usual(seconds: Iterable[float]) -> Usual | None:
    """The median and the range of at least three durations."""
    found = sorted(seconds)
    if len(found) < _LEAST:
        return None
    cut = len(found) // 10
    return Usual(statistics.median(found), found[cut], found[-1 - cut], len(found))


def _seconds(row: Row) -> float | None:
    return row.run.seconds
