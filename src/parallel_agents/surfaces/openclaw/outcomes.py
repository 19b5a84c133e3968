"""Outcomes: the state or the end of a run, in the terms of the guides."""

from __future__ import annotations

from typing import Any

from parallel_agents.core.row import Row
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.errors import PagentsError

_STATUSES = {
    RunStatus.QUEUED: "pending",
    RunStatus.RUNNING: "running",
    RunStatus.DONE: "completed",
    RunStatus.PARTIAL: "failed",
    RunStatus.FAILED: "failed",
    RunStatus.TIMED_OUT: "failed",
    RunStatus.KILLED: "failed",
    RunStatus.OVER_BUDGET: "failed",
    RunStatus.UNREADABLE: "failed",
}


def guide_status(status: RunStatus) -> str:
    """`pending`, `running`, `completed` or `failed`."""
    return _STATUSES[status]


def is_empty(output: Json) -> bool:
    """Whether an answer is empty; an empty answer makes the result a failure."""
    if isinstance(output, str):
        return not output.strip()
    return output is None or output in ({}, [])


def describe_error(error: Failure | PagentsError | None) -> str | None:
    """The code, what happened, why, and what to do; None for no error."""
    if error is None:
        return None
    return f"{error.code} {'; '.join(filter(None, (error.message, error.why, error.hint)))}"


def outcome_of(result: Result) -> dict[str, Any]:
    """The outcome of a run that has ended. `success`: the answer was accepted and is not empty.

    Keys: `success`, `status`, `output`, `text`, `error`, `model_used`, `childSessionKey`, `runId`,
    `label`, `seconds`, `tokens`, `cost_usd`.
    """
    is_good = result.is_done and not is_empty(result.output)
    error = describe_error(result.error)
    if result.is_done and not is_good:
        error = "the answer is empty"
    return {
        "success": is_good,
        "status": "completed" if is_good else "failed",
        "output": result.output,
        "text": result.text,
        "error": error,
        "model_used": result.model,
        "childSessionKey": result.session_key,
        "runId": result.run_id,
        "label": result.label,
        "seconds": result.seconds,
        "tokens": result.usage.total_tokens,
        "cost_usd": result.cost_usd,
    }


def outcome_so_far(row: Row, asks: str) -> dict[str, Any]:
    """The outcome of a live run so far, with the same keys; `asks` is what it asks a person, if it does."""
    waits = f": a person must answer first, it {asks}; `pagents inbox` lists it" if asks else ""
    return {
        "success": False,
        "status": guide_status(row.run.status),
        "output": None,
        "text": "",
        "error": f"not finished{waits}",
        "model_used": row.run.model,
        "childSessionKey": row.session.key,
        "runId": row.run.id,
        "label": row.session.label,
        "seconds": 0.0,
        "tokens": row.run.spend.usage.total_tokens,
        "cost_usd": row.run.spend.cost_usd,
    }


def no_outcome(error: str, *, key: str | None = None) -> dict[str, Any]:
    """The outcome of a task that did not become a run, with the same keys."""
    return {
        "success": False,
        "status": "failed",
        "output": None,
        "text": "",
        "error": error,
        "model_used": None,
        "childSessionKey": key,
        "runId": None,
        "label": "",
        "seconds": 0.0,
        "tokens": 0,
        "cost_usd": None,
    }
