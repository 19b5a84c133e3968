"""Results: what a stored run came to, of its row and the event that ended it."""

from __future__ import annotations

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.event import Body, Finished
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.unreadable import Unreadable
from parallel_agents.core.usage import Spend, with_notices_of
from parallel_agents.stores.damage import unreadable_end


def result_of(
    row: Row, finished: Body | None, below: Spend, shared: tuple[Artifact, ...]
) -> Result | None:
    """The result of a run; None if it has not ended."""
    if isinstance(finished, Unreadable) or row.run.status is RunStatus.UNREADABLE:
        why = finished.why if isinstance(finished, Unreadable) else row.fault
        outcome = unreadable_end(row.run.id, why)
    elif isinstance(finished, Finished):
        outcome = finished.outcome
    else:
        return None
    return Result(
        agent=row.session.agent.name,
        label=row.session.label,
        status=outcome.status,
        output_json=outcome.output,
        text=outcome.text,
        error=outcome.error,
        notices=with_notices_of(row.run.spend + below, outcome.notices),
        model=row.run.model,
        spend=row.run.spend,
        seconds=row.run.seconds or 0.0,
        attempts=row.run.attempts,
        session_key=row.session.key,
        run_id=row.run.id,
        score=outcome.score,
        scores=outcome.scores,
        accepted_items=outcome.accepted_items,
        rejected_items=outcome.rejected_items,
        changes=outcome.changes,
        spend_below=below,
        artifacts=shared,
    )
