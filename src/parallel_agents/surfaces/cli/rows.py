"""Rows: sessions as a table and as JSON."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from parallel_agents.app import App
from parallel_agents.core.doing import doing_after
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter, Row
from parallel_agents.surfaces.cli import render, words

_TITLES = ("ID", "LABEL", "STATE", "DOING", "TIME", "COST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A session, what its live run does now, and the sessions under it where it is a team's."""

    row: Row
    doing: str = ""
    below: tuple[Row, ...] = ()


async def look_at(client: App, rows: Sequence[Row]) -> list[Line]:
    """The rows with what the store says of their runs and of the sessions under them."""
    live = [row.run.id for row in rows if not row.run.status.is_over]
    last = await client.store.last_bodies(live)
    lines: list[Line] = []
    for row in rows:
        doing = doing_after(last[row.run.id]) if row.run.id in last else ""
        is_team = row.run.kind is RunnerKind.TEAM
        below = await client.service.list(Filter(parent=row.session.key)) if is_team else []
        lines.append(Line(row=row, doing=doing, below=tuple(below)))
    return lines


def print_lines(lines: Sequence[Line]) -> None:
    """A table, or a line that says what would fill it."""
    if not lines:
        render.note("Nothing here yet. Start with: pagents run --team content --input topic=...")
        return
    cells = [_cells(line) for line in lines]
    render.table(_TITLES, cells, right=("TIME", "COST"), flexible="DOING")


def line_json(line: Line) -> Mapping[str, Json]:
    """A session and its latest run for machines; an unknown cost is null."""
    row = line.row
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
        "doing": line.doing,
        "model": run.model,
        "calls": run.spend.calls,
        "tokens": run.spend.usage.total_tokens,
        "cost": None if cost is None else {"amount": f"{cost:.9f}", "currency": "USD"},
        "created_at": words.iso(run.created_at),
        "started_at": words.iso(run.started_at),
        "finished_at": words.iso(run.finished_at),
        "error_code": run.error_code,
    }


def _cells(line: Line) -> tuple[str, ...]:
    row, below = line.row, line.below
    spend = sum((child.run.spend for child in below), row.run.spend)
    return (
        words.name(row),
        row.session.label,
        words.state(row),
        _counts(below) if below else line.doing or row.run.title,
        _seconds(row),
        words.money(spend) if spend.calls else "",
    )


def _counts(below: Sequence[Row]) -> str:
    """`3/5 done, 2 running`."""
    counts = Counter(row.run.status for row in below)
    others = [
        f"{count} {words.status(status)}"
        for status, count in counts.items()
        if status is not RunStatus.DONE
    ]
    return ", ".join([f"{counts[RunStatus.DONE]}/{len(below)} done", *others])


def _seconds(row: Row) -> str:
    if row.run.started_at is None:
        return ""
    return words.seconds((row.run.finished_at or time.time()) - row.run.started_at)
