"""Unclaimed: what a queued run waits for besides its turn, if the process that looks could not begin it either."""

from __future__ import annotations

from collections.abc import Callable

from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus


def waits_in_vain(row: Row, lacks: Callable[[Row], str]) -> str:
    """Why nobody may ever begin a run; empty if a process has it, or could.

    Args:
        row: the run and its session.
        lacks: what the process that looks lacks for a run; empty if nothing.
    """
    is_unclaimed = row.run.status is RunStatus.QUEUED and row.run.owner is None
    return lacks(row) if is_unclaimed else ""
