"""Projection: what the row of a run must say by its events, and the rows that say something else.

Rows are written in the same transaction as the events that they follow from, and no hash covers
them; so each is held against its events instead. Who has a run and how urgent it is are in no event.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from pydantic import ValidationError

from parallel_agents.core.audit import RowCheck, RowFault
from parallel_agents.core.event import Attempted, Body, Finished, Queued, Replied, Started
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.stores.codec import decode_body
from parallel_agents.stores.queries import query

FAULTS_SHOWN = 10
_TITLE_CHARACTERS = 120
# A row's time is read beside its event's, not with it.
_SAME_SECONDS = 60.0

Value = str | float | None


def title_of(queued: Queued) -> str:
    """The first words of a task, on one line."""
    return " ".join(queued.text[: _TITLE_CHARACTERS * 2].split())[:_TITLE_CHARACTERS]


class _Row(NamedTuple):
    """The columns of a run that follow from its events, and its session's mark."""

    id: str
    kind: str
    status: str
    title: str
    model: str
    epoch: int
    attempts: int
    calls: int
    input_tokens: int
    output_tokens: int
    cache_read_tokens: int
    cache_write_tokens: int
    cost_nanousd: int
    unpriced_calls: int
    error_code: str
    created_at: float
    started_at: float | None
    finished_at: float | None
    killed: int | None


@dataclass(slots=True)
class _Told:
    """What the events of a run tell of it, in the order in which they were written.

    Attributes:
        model: the last that an attempt was begun on; empty where it is the run's first one.
        epoch: the last claim's; an end from outside is one more.
    """

    kind: RunnerKind = RunnerKind.AGENT
    title: str = ""
    model: str = ""
    epoch: int = 0
    attempts: int = 0
    spend: Spend = Spend()
    created_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    end: Finished | None = None

    def apply(self, at: float, body: Body) -> None:
        match body:
            case Queued():
                self.created_at, self.title = at, title_of(body)
                self.kind = RunnerKind.TEAM if body.team else RunnerKind.AGENT
            case Started(epoch=epoch):
                self.epoch, self.attempts = epoch, max(self.attempts, 1)
                self.started_at = at if self.started_at is None else self.started_at
            case Attempted(number=number, model=model):
                self.attempts, self.model = number, model or self.model
            case Replied():
                self.spend += body.spend
            case Finished():
                self.end, self.finished_at = body, at
                self.started_at = at if self.started_at is None else self.started_at
                self.epoch += bool(body.by)
            case _:
                pass

    @property
    def columns(self) -> Mapping[str, Value]:
        """What the row must say, but for its status and times."""
        usage, error = self.spend.usage, self.end and self.end.outcome.error
        said: dict[str, Value] = {
            "kind": self.kind.value,
            "title": self.title,
            "epoch": self.epoch,
            "attempts": self.attempts,
            "calls": self.spend.calls,
            "input_tokens": usage.input_tokens,
            "output_tokens": usage.output_tokens,
            "cache_read_tokens": usage.cache_read_tokens,
            "cache_write_tokens": usage.cache_write_tokens,
            "cost_nanousd": self.spend.cost_nanousd,
            "unpriced_calls": self.spend.unpriced_calls,
            "error_code": error.code if error else "",
        }
        return said | ({"model": self.model} if self.model else {})

    @property
    def times(self) -> Mapping[str, float | None]:
        return {
            "created_at": self.created_at,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
        }

    @property
    def statuses(self) -> tuple[str, ...]:
        """What the row's status may be; a run that was begun may be in the queue again."""
        if self.end is not None:
            return (self.end.outcome.status.value,)
        queued = RunStatus.QUEUED.value
        return (RunStatus.RUNNING.value, queued) if self.epoch else (queued,)


def check_rows(sql: sqlite3.Connection) -> RowCheck:
    """Hold the rows of all runs, and the marks of their sessions, against the journal."""
    sql.execute("BEGIN")  # rows and events of one moment, while others write
    try:
        faults = tuple(islice(_faults(sql), FAULTS_SHOWN))
        (runs,) = sql.execute("SELECT COUNT(*) FROM runs").fetchone()
        return RowCheck(runs=runs, faults=faults)
    finally:
        sql.execute("COMMIT")


def _faults(sql: sqlite3.Connection) -> Iterator[RowFault]:
    for columns in sql.execute(query("projected_runs")):
        row = _Row._make(columns)
        try:
            told = _read(sql, row.id)
        except ValidationError:
            yield RowFault(row.id, "events", "cannot all be read")
        else:
            yield from _differences(row, told)
    for (run,) in sql.execute(query("runs_without_row")):
        yield RowFault(run, "row", "is gone, its events are there")


def _read(sql: sqlite3.Connection, run: str) -> _Told:
    told = _Told()
    for at, body in sql.execute(query("projecting_events"), (run,)):
        told.apply(at, decode_body(body))
    return told


def _differences(row: _Row, told: _Told) -> Iterator[RowFault]:
    if told.created_at is None:
        yield RowFault(row.id, "events", "are gone, its row is there")
        return
    says = row._asdict()
    for field, value in told.columns.items():
        if says[field] != value:
            yield RowFault(row.id, field, _unlike(says[field], value))
    if row.status not in told.statuses:
        yield RowFault(row.id, "status", _unlike(row.status, told.statuses[0]))
    for field, at in told.times.items():
        if not _is_same_time(says[field], at):
            yield RowFault(row.id, field, _unlike(says[field], at))
    if mark := _mark(row.killed, told):
        yield RowFault(row.id, "killed", mark)


def _unlike(says: Value, told: Value) -> str:
    return f"is {says!r}, by its events {told!r}"


def _is_same_time(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isinstance(one, float) and abs(one - other) <= _SAME_SECONDS


def _mark(killed: int | None, told: _Told) -> str:
    """What is wrong with the mark of the run's session: a killed one has no run that goes on."""
    if killed is None:
        return "is nowhere: its session is gone"
    if told.end is None:
        return "is set, by its events it goes on" if killed else ""
    return f"is not set, by its events {told.end.by} ended it" if told.end.by and not killed else ""
