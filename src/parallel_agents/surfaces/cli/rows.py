"""Rows: sessions as a table and as JSON."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from parallel_agents.app import App
from parallel_agents.core.doing import doing_after, doing_on
from parallel_agents.core.event import Body, Started
from parallel_agents.core.run import RunnerKind, RunStatus, known_cost
from parallel_agents.core.schema import Json
from parallel_agents.core.store import Filter, Row
from parallel_agents.surfaces.cli import render, words
from parallel_agents.surfaces.cli.staff import Staff, find_staff

_TITLES = ("ID", "LABEL", "STATE", "DOING", "TIME", "COST")


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """A session with the run that counts: the one at work, else the latest.

    Attributes:
        doing: what that run does now.
        is_stopped: it is not over, and nobody works on it.
        until: when it ended, wrote last or, while somebody works on it, now.
        queued_after: further runs of the session that wait for it.
        below: the sessions under it where it is a team's.
    """

    row: Row
    is_stopped: bool
    until: float
    doing: str = ""
    queued_after: int = 0
    below: tuple[Line, ...] = ()

    @property
    def state(self) -> str:
        """Such as `running`; a run that its process left is `stopped`."""
        return "stopped" if self.is_stopped else words.status(self.row.run.status)

    @property
    def shown_state(self) -> str:
        glyph = words.glyph(RunStatus.KILLED if self.is_stopped else self.row.run.status)
        return f"{glyph} {self.state}"


async def look_at(client: App, rows: Sequence[Row]) -> list[Line]:
    """The rows with what the store says of their runs and of the sessions under them."""
    staff = await find_staff(client)
    lines = [await _line(client, row, staff) for row in rows]
    live = [line.row.run.id for line in lines if not line.row.run.status.is_over]
    last = await client.store.last_bodies(live)
    return [
        replace(line, doing=await _doing(client, line.row, last[line.row.run.id]))
        if line.row.run.id in last and not line.is_stopped
        else line
        for line in lines
    ]


async def _line(client: App, row: Row, staff: Staff) -> Line:
    row, queued_after = await _at_work(client, row)
    below: list[Line] = []
    if row.run.kind is RunnerKind.TEAM:
        children = await client.service.list(Filter(parent=row.session.key))
        below = [_below(child, staff) for child in children]
    is_stopped = staff.has_left(row.run)
    until = row.run.finished_at or staff.now
    if is_stopped:
        runs = [row.run.id, *(child.row.run.id for child in below)]
        until = max((await client.store.last_times(runs)).values(), default=until)
    return Line(
        row=row,
        is_stopped=is_stopped,
        until=until,
        queued_after=queued_after,
        below=tuple(below),
    )


def _below(child: Row, staff: Staff) -> Line:
    return Line(row=child, is_stopped=staff.has_left(child.run), until=staff.now)


async def _at_work(client: App, row: Row) -> tuple[Row, int]:
    """The earliest live run of a session where its latest waits for it, and how many wait."""
    if row.run.status is not RunStatus.QUEUED or row.run.number == 1:
        return row, 0
    chosen = Filter(session=row.session.key, is_live=True, every_run=True)
    live = sorted(await client.store.rows(chosen), key=lambda found: found.run.number)
    return (live[0], len(live) - 1) if live else (row, 0)


async def _doing(client: App, row: Row, last: Body) -> str:
    if not isinstance(last, Started) or last.epoch == 1:
        return doing_after(last)
    events = await client.store.events(session=row.session.key)
    bodies = [event.body for event in events if event.run == row.run.id]
    kept = [body for body in bodies if not isinstance(body, Started)]
    return doing_on(kept[-1], last)


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
    run = row.run
    is_team = run.kind is RunnerKind.TEAM
    cost = run.spend.cost_usd if is_team else known_cost(run.spend, run.status)
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
        "is_stopped": line.is_stopped,
        "queued_after": line.queued_after,
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
    spend = sum((child.row.run.spend for child in below), row.run.spend)
    more = f"; {line.queued_after} more queued" if line.queued_after else ""
    return (
        words.name(row),
        words.cut(row.session.label, words.LABEL_WIDTH),
        line.shown_state,
        _counts(below) if below else f"{line.doing or row.run.title}{more}",
        _seconds(line),
        words.money(spend) if spend.calls else "",
    )


def _counts(below: Sequence[Line]) -> str:
    """`3/5 done, 2 running`."""
    counts = Counter(child.state for child in below)
    done = counts.pop(words.status(RunStatus.DONE), 0)
    others = [f"{count} {state}" for state, count in counts.items()]
    return ", ".join([f"{done}/{len(below)} done", *others])


def _seconds(line: Line) -> str:
    began_at = line.row.run.started_at
    return "" if began_at is None else words.seconds(max(line.until - began_at, 0.0))
