"""Lanes: which runs of a tree have a line of their own in the live view."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from parallel_agents.core.ids import RunId, is_group_key
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.verbs import SessionReads
from parallel_agents.surfaces.cli.own_work import is_own


async def tasks_among(sessions: SessionReads, runs: Sequence[RunId]) -> dict[RunId, str]:
    """The labels of those of these runs that are tasks of a flow."""
    return tasks_of(await sessions.rows_of(runs))


def tasks_of(rows: Iterable[Row]) -> dict[RunId, str]:
    """The labels of those of these rows that are tasks of a flow."""
    return {row.run.id: row.session.label for row in rows if _is_task(row)}


def _is_task(row: Row) -> bool:
    """Whether a run is a task of a flow, or of a flow or a team below it."""
    above = row.session.parent
    is_agent = row.run.kind is RunnerKind.AGENT and not is_own(row)
    return is_agent and above is not None and is_group_key(above)
