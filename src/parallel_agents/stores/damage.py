"""Damage: what becomes of a run whose record cannot be read: it is shown, and it ends."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure, Outcome, RunStatus
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.errors import StoreDamaged


def is_newer(events: Sequence[Event]) -> bool:
    """Whether a newer version of this package has written one of these unreadable events."""
    return any(isinstance(event.body, Unreadable) and event.body.is_unknown for event in events)


def fault_of(row: Row, events: Sequence[Event]) -> str:
    """Why a run cannot be executed, given its unreadable events; empty if it can."""
    if row.fault:
        return row.fault
    for event in events:
        if isinstance(event.body, Unreadable):
            return f"event {event.seq} ({event.key}): {event.body.why}"
    return ""


def damaged(run: RunId, why: str) -> Failure:
    error = StoreDamaged(
        f"the record of run {run} cannot be read",
        why=why,
        hint="restore a copy of the store, or spawn the task again under another key",
    )
    return Failure.of(error)


def unreadable_end(run: RunId, why: str) -> Outcome:
    """How a run ended whose end, or whose row, cannot be read."""
    return Outcome(status=RunStatus.UNREADABLE, error=damaged(run, why))
