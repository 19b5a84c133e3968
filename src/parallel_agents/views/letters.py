"""Letters: why a session has no dead letter."""

from __future__ import annotations

from parallel_agents.core.run import Run, RunStatus


def why_none(run: Run) -> str:
    """Why a session has none, by its latest run."""
    if run.status is RunStatus.DONE:
        return "it is done"
    if not run.status.is_over:
        return f"it has not ended: it is {run.status}"
    return "what failed of it was dropped, or its retry is done"
