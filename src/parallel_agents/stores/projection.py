"""Projection: what a run's row must say according to its events, and the rows that disagree.

A row is written in the same transaction as the events that it follows from, and no hash covers it,
so it is compared with those events instead. A run's owner, priority and idle time are in no event.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import NamedTuple

from parallel_agents.core.audit import RowCheck, RowFault
from parallel_agents.core.event import (
    Attempted,
    Body,
    Finished,
    Queued,
    Replied,
    Started,
    Unreadable,
)
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows

FAULTS_SHOWN = 10
_TITLE_CHARACTERS = 120
# The clock is read once for a row and once for its event.
_SAME_SECONDS = 60.0

Value = str | float | None


def title_of(queued: Queued) -> str:
    """The beginning of a task, on one line."""
    return " ".join(queued.text[: _TITLE_CHARACTERS * 2].split())[:_TITLE_CHARACTERS]


class _Row(NamedTuple):
    """The columns of a run that follow from its events, and whether its session is marked killed."""

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
class _Expected:
    """What a run's row must say after the events that were applied, in their order.

    Attributes:
        model: the model of the last attempt; empty while that is the run's first model.
        epoch: the epoch of the last claim; an end from outside adds one.
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
        """What the row must say, except for its status and times."""
        usage, error = self.spend.usage, self.end and self.end.outcome.error
        columns: dict[str, Value] = {
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
        return columns | ({"model": self.model} if self.model else {})

    @property
    def times(self) -> Mapping[str, float | None]:
        return {
            "created_at": self.created_at,
            "started_at": self.started_at,
            "finished_at": self.finished_at,
        }

    @property
    def statuses(self) -> tuple[str, ...]:
        """The statuses that the row can have; a run that was started may have been queued again."""
        if self.end is not None:
            return (self.end.outcome.status.value,)
        queued = RunStatus.QUEUED.value
        return (RunStatus.RUNNING.value, queued) if self.epoch else (queued,)


def check_rows(rows: Rows) -> RowCheck:
    """Compare the rows of all runs, and the marks of their sessions, with the events."""
    with rows.database.reading():
        faults = tuple(islice(_faults(rows), FAULTS_SHOWN))
        found = rows.database.one("count_runs")
        return RowCheck(runs=0 if found is None else found[0], faults=faults)


def _faults(rows: Rows) -> Iterator[RowFault]:
    for columns in rows.database.all("projected_runs"):
        row = _Row._make(columns)
        expected = _read(rows, row.id)
        if expected is None:
            yield RowFault(row.id, "events", "cannot all be read")
        else:
            yield from _differences(row, expected)
    for (run,) in rows.database.all("runs_without_row"):
        yield RowFault(run, "row", "is missing, although its events exist")


def _read(rows: Rows, run: str) -> _Expected | None:
    """What a row must say; None if one of its events cannot be read."""
    expected = _Expected()
    for seq, at, stored in rows.database.all("projecting_events", (run,)):
        body = rows.body(seq, stored)
        if isinstance(body, Unreadable) or not is_moment(at):
            return None
        expected.apply(at, body)
    return expected


def _differences(row: _Row, expected: _Expected) -> Iterator[RowFault]:
    if expected.created_at is None:
        yield RowFault(row.id, "events", "are missing, although its row exists")
        return
    actual = row._asdict()
    for field, value in expected.columns.items():
        if actual[field] != value:
            yield RowFault(row.id, field, _unlike(actual[field], value))
    if row.status not in expected.statuses:
        yield RowFault(row.id, "status", _unlike(row.status, expected.statuses[0]))
    for field, at in expected.times.items():
        if not _is_same_time(actual[field], at):
            yield RowFault(row.id, field, _unlike(actual[field], at))
    if mark := _mark(row.killed, expected):
        yield RowFault(row.id, "killed", mark)


def _unlike(actual: Value, expected: Value) -> str:
    return f"is {actual!r}; its events say {expected!r}"


def _is_same_time(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return isinstance(one, float) and abs(one - other) <= _SAME_SECONDS


def _mark(killed: int | None, expected: _Expected) -> str:
    """What is wrong with the session's mark: a killed session has no live run."""
    if killed is None:
        return "is missing, and so is its session"
    if expected.end is None:
        return "is set, although its events say that the run is live" if killed else ""
    if expected.end.by and not killed:
        return f"is not set, although its events say that {expected.end.by} ended the run"
    return ""
