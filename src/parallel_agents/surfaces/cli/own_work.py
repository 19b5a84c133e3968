"""Own work: what the orchestrator itself does on a goal, as progress names it while it is done."""

from __future__ import annotations

from collections.abc import Iterable

from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.orchestration.orchestrator import PLAN_STEP
from parallel_agents.orchestration.request import OWN


def is_own(row: Row) -> bool:
    """Whether a run plans a goal, or reports on it."""
    return row.session.spawn_key.startswith(f"{OWN}/")


def own_work(rows: Iterable[Row]) -> dict[RunId, str]:
    """What those of these runs that are own work do, and who does it."""
    return {row.run.id: _told(row) for row in rows if _is_own_agent(row)}


def _is_own_agent(row: Row) -> bool:
    return row.run.kind is RunnerKind.AGENT and is_own(row)


def _told(row: Row) -> str:
    what = "planning" if row.session.spawn_key.startswith(PLAN_STEP) else "reporting"
    on = f" on {row.run.model}" if row.run.model else ""
    return f"{what}, by {row.session.agent.name}{on}"
