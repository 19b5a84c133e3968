"""Going on: what asking again for work that is stored does, as its row and the request decide it."""

from __future__ import annotations

from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import is_group_key
from parallel_agents.core.owner import OwnerState
from parallel_agents.core.row import Row
from parallel_agents.core.run import FAILURES, Run, RunnerKind, RunStatus
from parallel_agents.core.session import Session

_SHORT = FAILURES | {RunStatus.PARTIAL}


def may_go_on(session: Session, run: Run) -> bool:
    """Whether work that was found under its key may go on, because it ended without success.

    What an agent spawned has ended for good: the agent has been told so.
    """
    if session.parent is not None:
        return is_group_key(session.parent) and run.kind is RunnerKind.FLOW
    return run.kind.is_group or run.status is RunStatus.OVER_BUDGET


def has_next(flow: Row, asked: FlowTask | None) -> bool:
    """Whether a flow that is asked for again has a further run: after a failure, or if it says so."""
    is_rerun = asked is not None and asked.is_rerun
    return flow.run.status in _SHORT or (is_rerun and flow.run.status.is_over)


def is_closed(row: Row) -> bool:
    """Whether nothing can be added to a session."""
    return row.session.killed or bool(row.fault)


def is_executed(row: Row) -> bool:
    """Whether a living process executes a run; that of a team's run waits for the runs it knows."""
    return not row.run.status.is_over and row.owner_state is OwnerState.LIVE
