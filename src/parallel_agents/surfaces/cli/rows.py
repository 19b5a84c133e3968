"""Rows: sessions as a table and as JSON."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence

from parallel_agents.core.ids import SessionKey
from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Row
from parallel_agents.surfaces.cli import render, words

EMPTY: Mapping[SessionKey, Sequence[Row]] = {}
_TITLES = ("ID", "LABEL", "STATE", "DOING", "TIME", "COST")


def print_rows(rows: Sequence[Row], trees: Mapping[SessionKey, Sequence[Row]] = EMPTY) -> None:
    """A table, or a line that says what would fill it; `trees` has the sessions under a team's."""
    if not rows:
        render.note("Nothing here yet. Start with: pagents run --team content --input topic=...")
        return
    cells = [_cells(row, trees.get(row.session.key, ())) for row in rows]
    render.table(_TITLES, cells, right=("TIME", "COST"), flexible="DOING")


def row_json(row: Row) -> Mapping[str, Json]:
    """A session and its latest run for machines; an unknown cost is null."""
    run, cost = row.run, row.run.spend.cost_usd
    return {
        "id": words.name(row),
        "session_key": row.session.key,
        "run_id": run.id,
        "agent": row.session.agent.name,
        "label": row.session.label,
        "parent": row.session.parent,
        "depth": row.session.depth,
        "kind": run.kind.value,
        "status": run.status.value,
        "is_worked_on": row.owner_state == "live" or run.status.is_over,
        "doing": run.doing,
        "model": run.model,
        "calls": run.spend.calls,
        "tokens": run.spend.usage.total_tokens,
        "cost": None if cost is None else {"amount": f"{cost:.9f}", "currency": "USD"},
        "created_at": words.iso(run.created_at),
        "started_at": words.iso(run.started_at),
        "finished_at": words.iso(run.finished_at),
        "error_code": run.error_code,
    }


def _cells(row: Row, below: Sequence[Row]) -> tuple[str, ...]:
    spend = sum((child.run.spend for child in below), row.run.spend)
    return (
        words.name(row),
        row.session.label,
        words.state(row),
        _counts(below) if below else row.run.doing or row.run.title,
        _seconds(row),
        words.money(spend) if spend.calls else "",
    )


def _counts(below: Sequence[Row]) -> str:
    """`3/5 done, 2 running`."""
    counts = Counter(row.run.status for row in below)
    others = [
        f"{count} {status.replace('_', ' ')}"
        for status, count in counts.items()
        if status is not RunStatus.DONE
    ]
    return ", ".join([f"{counts[RunStatus.DONE]}/{len(below)} done", *others])


def _seconds(row: Row) -> str:
    if row.run.started_at is None:
        return ""
    return words.seconds((row.run.finished_at or time.time()) - row.run.started_at)
