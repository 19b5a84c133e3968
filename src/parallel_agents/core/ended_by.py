"""Ended by: what the runtime says has ended a run, where no person and no agent asked for its end."""

from __future__ import annotations

OTHER_ROW = "another row's failure"
OTHER_OPTIONS = "the same work with other options"
FLOW = "the end of its flow"
PARENT = "its parent's end"
STAYS_KILLED = "stays killed; `pagents retry ID --killed` runs it again"
_OF_RUNTIME = frozenset({OTHER_ROW, OTHER_OPTIONS, FLOW, PARENT})


def is_on_purpose(by: str) -> bool:
    """Whether somebody asked for the end of a run, by who has ended it."""
    return bool(by) and by not in _OF_RUNTIME
