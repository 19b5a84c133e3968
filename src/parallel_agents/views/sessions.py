"""Sessions: each with the run that counts, what it does now, and the sessions under it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from parallel_agents.app.app import App
from parallel_agents.core.event import Body, Started
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.store import Filter, Row
from parallel_agents.views.activity import doing_after, doing_on
from parallel_agents.views.liveness import Liveness, read_liveness


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
        return "stopped" if self.is_stopped else self.row.run.status.replace("_", " ")


async def look_at(client: App, rows: Sequence[Row]) -> list[Line]:
    """The rows with what the store says of their runs and of the sessions under them."""
    staff = await read_liveness(client)
    lines = [await _line(client, row, staff) for row in rows]
    live = [line.row.run.id for line in lines if not line.row.run.status.is_over]
    last = await client.store.last_bodies(live)
    return [
        replace(line, doing=await _doing(client, line.row, last[line.row.run.id]))
        if line.row.run.id in last and not line.is_stopped
        else line
        for line in lines
    ]


async def _line(client: App, row: Row, staff: Liveness) -> Line:
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


def _below(child: Row, staff: Liveness) -> Line:
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
