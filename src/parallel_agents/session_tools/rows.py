"""Rows: sessions and runs in the shapes of the contract."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.core.ids import SessionKey, is_group_key
from parallel_agents.core.row import Row
from parallel_agents.core.run import Run, RunStatus
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.session import Cleanup, Session
from parallel_agents.core.usage import Spend
from parallel_agents.session_tools.results import STATUS_NAMES, label_field

_TASK_STATUS_NAMES = {
    RunStatus.QUEUED: "queued",
    RunStatus.RUNNING: "running",
    RunStatus.DONE: "completed",
    RunStatus.PARTIAL: "completed",
    RunStatus.FAILED: "failed",
    RunStatus.TIMED_OUT: "timed_out",
    RunStatus.KILLED: "cancelled",
    RunStatus.OVER_BUDGET: "failed",
    RunStatus.UNREADABLE: "failed",
}
_MAX_TITLE = 70


def session_row(
    row: Row, *, archived: bool, children: Sequence[SessionKey], spent: Spend
) -> dict[str, Json]:
    """A session in `sessions_list`: the fields of the later generation, then those of the earlier.

    `spent` is what all its runs and all below it used.
    """
    session, run, options = row.session, row.run, row.session.options
    item: dict[str, Json] = {
        "key": session.key,
        "sessionKey": session.key,
        "sessionId": session.key.rsplit(":", 1)[-1],
        "agentId": session.agent.name,
        "kind": "group" if is_group_key(session.key) else "other",
        "channel": "internal",
        **label_of(session),
        "displayName": session.label,
        "archived": archived,
        "pinned": False,
        "mode": options.mode.value,
        "updatedAt": millis(run.finished_at or run.started_at or run.created_at),
        "model": run.model,
        **sums_of(run, spent),
        "status": STATUS_NAMES[run.status],
        "abortedLastRun": run.status is RunStatus.KILLED,
        "runId": run.id,
        "spawnDepth": session.depth,
        "startedAt": millis(run.started_at),
        "endedAt": millis(run.finished_at),
        "runtimeMs": None if run.seconds is None else round(run.seconds * 1000),
    }
    if session.parent:
        item["parentSessionKey"] = session.parent
        item["spawnedBy"] = session.parent
    if children:
        item["childSessions"] = list(children)
    if options.task_name:
        item["taskName"] = options.task_name
    if options.cwd:
        item["spawnedWorkspaceDir"] = item["workspaceDir"] = options.cwd
    return item


def sums_of(run: Run, spent: Spend) -> JsonObject:
    """What a session and all below it used in all its runs, and what its last run used by itself."""
    tokens = run.spend.usage.total_tokens
    return {
        "totalTokens": spent.usage.total_tokens,
        "estimatedCostUsd": spent.cost_usd,
        "contextTokens": tokens,
        "lastRunTokens": tokens,
        "lastRunCostUsd": run.spend.cost_usd,
    }


def child_row(
    row: Row, index: int, now: float, children: Sequence[Row], *, spent: Spend, is_given: bool
) -> dict[str, Json]:
    """A child in `subagents list`.

    Args:
        row: with its last run.
        index: its number in the list.
        now: seconds since the epoch.
        children: its own.
        spent: what all its runs and all below it used.
        is_given: whether its result was read.
    """
    session, run = row.session, row.run
    seconds = _runtime(run, now)
    item: dict[str, Json] = {
        "index": index,
        "runId": run.id,
        "sessionKey": session.key,
        **label_of(session),
        "agentId": session.agent.name,
        "task": _brief(run.title),
        "status": STATUS_NAMES[run.status],
        "execution": _execution(run),
        "deliveryStatus": "not_required" if session.options.is_quiet else _delivery(is_given),
        "pendingDescendants": sum(not child.run.status.is_over for child in children),
        "runtime": f"{seconds:.0f}s",
        "runtimeMs": round(seconds * 1000),
        "model": run.model,
        "totalTokens": spent.usage.total_tokens,
        "startedAt": millis(run.started_at),
    }
    if run.finished_at is not None:
        item["endedAt"] = millis(run.finished_at)
    if children:
        item["childSessions"] = [child.session.key for child in children]
    if session.options.task_name:
        item["taskName"] = session.options.task_name
    return item


def task_row(row: Row, *, is_given: bool) -> dict[str, Json]:
    """A child as a task of the later generation; the id of a task is that of its run."""
    run = row.run
    item: dict[str, Json] = {
        "taskId": run.id,
        "runtime": "subagent",
        "status": _TASK_STATUS_NAMES[run.status],
        "deliveryStatus": "not_applicable" if row.session.options.is_quiet else _delivery(is_given),
        "execution": _execution(run),
        **label_of(row.session),
        "sessionKey": row.session.key,
    }
    if run.error_code:
        item["error"] = run.error_code
    return item


def label_of(session: Session) -> JsonObject:
    """The label as a field; none for a session that was given no label."""
    return label_field(session.label, session.agent.name)


def is_archived(row: Row, now: float, archive_seconds: float) -> bool:
    """Whether lists leave a session out: it was to be deleted at its end, or ended long ago.

    Its messages stay readable.
    """
    run, options = row.run, row.session.options
    if not run.status.is_over:
        return False
    if options.cleanup is Cleanup.DELETE:
        return True
    return now - (run.finished_at or run.created_at) > archive_seconds


def millis(at: float | None) -> int | None:
    """A time in seconds since the epoch as milliseconds, the unit of the contract."""
    return None if at is None else round(at * 1000)


def _execution(run: Run) -> JsonObject:
    state = "finished" if run.status.is_over else run.status.value
    return {"state": state}


def _delivery(is_given: bool) -> str:
    return "delivered" if is_given else "pending"


def _runtime(run: Run, now: float) -> float:
    return run.seconds_until(run.finished_at or now) or 0.0


def _brief(title: str) -> str:
    return title if len(title) <= _MAX_TITLE else f"{title[: _MAX_TITLE - 1]}…"
