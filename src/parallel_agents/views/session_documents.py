"""Session documents: sessions and their runs for machines, the same in `--json` and over HTTP."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import TypedDict

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import Retry
from parallel_agents.core.row import Row
from parallel_agents.core.schema import Json
from parallel_agents.views import format
from parallel_agents.views.documents import BriefFailure, Money, money_json, money_of
from parallel_agents.views.forks import ForkedFromDocument, forked_json
from parallel_agents.views.sessions import SessionLine


class RetryDocument(TypedDict):
    """A call that failed and is made again: which try failed, why, and when the next one begins."""

    attempt: int
    error: BriefFailure
    again_at: str | None


class SessionDocument(TypedDict):
    """A session and its current run; an unknown cost is null.

    `is_former_try` says that the task was tried again since, or that its map has other rows now, of which
    `is_uncounted` is the latter. `state` is the word that every list shows, `attention` what the run itself needs of a person, and
    `needs` how many sessions need one, it and all below it.

    `calls`, `tokens` and the costs are those of the run. `seconds` is for how long processes executed all runs
    of the session: null while one works on it, and before its start. Until then it is the time since `timed_from`.
    """

    id: str
    session_key: SessionKey
    run_id: RunId
    agent: str
    label: str
    parent: SessionKey | None
    forked_from: ForkedFromDocument | None
    depth: int
    kind: str
    status: str
    state: str
    attention: str
    needs: dict[str, int]
    retry: RetryDocument | None
    paused_by: str
    is_worked_on: bool
    is_stopped: bool
    is_former_try: bool
    is_uncounted: bool
    queued_after: int
    doing: str
    is_stuck: bool
    silent_seconds: float | None
    lacks: str
    limits: Mapping[str, Json]
    model: str
    calls: int
    tokens: int
    cost: Money | None
    known_cost: Money
    simulated_cost: Money | None
    created_at: str | None
    started_at: str | None
    finished_at: str | None
    timed_from: str | None
    seconds: float | None
    error_code: str


class WholeDocument(SessionDocument):
    """A session with what is below it.

    `counts` says of a team how many of its runs are in each state, of one that has ended as it ended;
    `later_counts` the same of what began later, such as retries; `asks` what it or the first below it asks
    a person, and
    `whole_cost` what all runs of it and everything below it cost; null if a price is unknown.
    """

    counts: dict[str, int]
    later_counts: dict[str, int]
    asks: str
    whole_cost: Money | None
    whole_known_cost: Money
    whole_simulated_cost: Money | None
    whole_calls: int
    whole_tokens: int


def line_json(line: SessionLine) -> SessionDocument:
    """A session and its current run; an unknown cost is null."""
    row = line.row
    run = row.run
    return {
        "id": format.name(row),
        "session_key": row.session.key,
        "run_id": run.id,
        "agent": row.session.agent.name,
        "label": row.session.label,
        "parent": row.session.parent,
        "forked_from": forked_json(row.session.options.forked_from),
        "depth": row.session.depth,
        "kind": run.kind.value,
        "status": run.status.value,
        "state": line.state.replace(" ", "_"),
        "attention": line.attention or "",
        "needs": {kind.value: count for kind, count in line.needs.items()},
        "retry": _retry_json(line.retry),
        "paused_by": row.session.paused_by if line.is_paused else "",
        "is_worked_on": row.owner_state == "live" or run.status.is_over,
        "is_stopped": line.is_stopped,
        "is_former_try": line.counts_no_more,
        "is_uncounted": line.is_uncounted,
        "queued_after": line.queued_after,
        "doing": line.doing,
        "is_stuck": line.is_stuck,
        "silent_seconds": None if line.silence is None else line.silence.seconds,
        "lacks": line.lacks,
        "limits": _limits(row),
        "model": run.model,
        "calls": run.spend.calls,
        "tokens": run.spend.usage.total_tokens,
        "cost": money_json(run.spend.cost_usd),
        "known_cost": money_of(run.spend.known_usd),
        "simulated_cost": money_json(run.spend.simulated_usd),
        "created_at": format.iso(run.created_at),
        "started_at": format.iso(run.started_at),
        "finished_at": format.iso(run.finished_at),
        "timed_from": format.iso(line.timed_from),
        "seconds": _seconds(line),
        "error_code": run.error_code,
    }


def _seconds(line: SessionLine) -> float | None:
    """For how long it was executed; None while it is, since what is told anew is only what differs."""
    return None if line.is_executed or line.seconds is None else round(line.seconds, 3)


def _retry_json(retry: Retry | None) -> RetryDocument | None:
    if retry is None:
        return None
    error: BriefFailure = {"code": retry.error.code, "message": retry.error.message}
    return {"attempt": retry.attempt, "error": error, "again_at": format.iso(retry.again_at)}


def whole_json(line: SessionLine) -> WholeDocument:
    """A session with what is below it; an unknown cost is null."""
    return {
        **line_json(line),
        "counts": {name: count for name, count in line.counts.items() if count},
        "later_counts": {name: count for name, count in line.later_counts.items() if count},
        "asks": line.asks,
        "whole_cost": money_json(line.spend.cost_usd),
        "whole_known_cost": money_of(line.spend.known_usd),
        "whole_simulated_cost": money_json(line.spend.simulated_usd),
        "whole_calls": line.spend.calls,
        "whole_tokens": line.spend.usage.total_tokens,
    }


def _limits(row: Row) -> Mapping[str, Json]:
    """What the commands of a session may use, by the names of the limits that it has."""
    limits = row.session.options.limits.of_commands
    named = zip(limits._fields, limits, strict=True)
    return {name: most for name, most in named if most is not None}
