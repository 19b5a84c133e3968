"""Projection: what a run's row must say according to its events, and the rows that disagree.

A row is written in the same transaction as the events that it follows from, and no hash covers it,
so it is compared with those events instead. A run's owner, priority and idle time are in no event.
"""

from __future__ import annotations

import marshal
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from hashlib import sha256
from itertools import groupby, islice
from operator import add, itemgetter
from typing import Any, NamedTuple, get_args

import orjson

from parallel_agents.core.audit import RowCheck, RowFault
from parallel_agents.core.cutting import head
from parallel_agents.core.event import StoredBody
from parallel_agents.core.run import RunnerKind, RunStatus
from parallel_agents.stores.database import Database, SqlRow, as_array
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows

FAULTS_SHOWN = 10
_TITLE_CHARACTERS = 120
# The clock is read once for a row and once for its event.
_SAME_SECONDS = 60.0
_ROWS_AT_ONCE = 1000  # hashed together
_PLAIN = 2  # a version of marshal whose bytes depend on nothing but the values
_TOKENS = ("input_tokens", "output_tokens", "cache_read_tokens", "cache_write_tokens")
_TOKENS_OF = itemgetter(*_TOKENS)
_AMOUNTS = ("calls", *_TOKENS, "cost_nanousd", "unpriced_calls")
_KINDS = frozenset(kind.__dataclass_fields__["kind"].default for kind in get_args(StoredBody))
_NO_MORE: tuple[object, None] = (None, None)

Value = str | float | None


def title_of(text: str) -> str:
    """The beginning of a task, on one line."""
    return head(" ".join(head(text, _TITLE_CHARACTERS * 2).split()), _TITLE_CHARACTERS)


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

    Only what the row depends on is read of an event: to decode them all would take five times as long.

    Attributes:
        model: the model of the last attempt; empty while that is the run's first model.
        epoch: the epoch of the last claim; an end from outside adds one.
        amounts: calls, the four kinds of tokens, cost and calls without a price.
        status: how it ended; empty if it has not.
        by: who ended it from outside.
        keeps_session: whether the session may have further runs although somebody ended this one.
    """

    kind: RunnerKind = RunnerKind.AGENT
    title: str = ""
    model: str = ""
    epoch: int = 0
    attempts: int = 0
    amounts: tuple[int, ...] = (0,) * len(_AMOUNTS)
    created_at: float | None = None
    started_at: float | None = None
    finished_at: float | None = None
    status: str = ""
    error_code: str = ""
    by: str = ""
    keeps_session: bool = False

    def apply(self, at: float, body: Mapping[str, Any]) -> None:
        """Apply an event as it is stored.

        Raises:
            KeyError, TypeError, ValueError, AttributeError: this package did not write the event.
        """
        match body["kind"]:
            case "queued":
                self.created_at, self.title = at, title_of(body["text"])
                self.kind = _kind_of(body)
            case "started":
                self.epoch, self.attempts = _whole(body["epoch"]), max(self.attempts, 1)
                self.started_at = at if self.started_at is None else self.started_at
            case "attempted":
                self.attempts, self.model = (
                    _whole(body["number"]),
                    body.get("model", "") or self.model,
                )
            case "replied":
                self._add(body["usage"], body["cost_nanousd"])
            case "finished":
                self._end(at, body)
            case kind if kind not in _KINDS:
                raise ValueError(f"no event is of the kind {kind!r}")
            case _:
                pass  # a gate's verdict has the key of its attempt

    def _add(self, usage: Mapping[str, object], cost: object) -> None:
        is_priced = cost is not None
        paid = _whole(cost) if is_priced else 0
        added = (1, *map(_whole, _TOKENS_OF(usage)), paid, int(not is_priced))
        self.amounts = tuple(map(add, self.amounts, added))

    def _end(self, at: float, body: Mapping[str, Any]) -> None:
        outcome = body["outcome"]
        error = outcome.get("error")
        self.status = RunStatus(outcome["status"]).value
        self.error_code = error["code"] if error else ""
        self.by, self.finished_at = body.get("by", ""), at
        self.keeps_session = bool(body.get("keeps_session"))
        self.started_at = at if self.started_at is None else self.started_at
        self.epoch += bool(self.by)

    @property
    def columns(self) -> Mapping[str, Value]:
        """What the row must say, except for its status and times."""
        columns: dict[str, Value] = {
            "kind": self.kind.value,
            "title": self.title,
            "epoch": self.epoch,
            "attempts": self.attempts,
            **dict(zip(_AMOUNTS, self.amounts, strict=True)),
            "error_code": self.error_code,
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
        if self.status:
            return (self.status,)
        queued = RunStatus.QUEUED.value
        return (RunStatus.RUNNING.value, queued) if self.epoch else (queued,)


def _kind_of(queued: Mapping[str, Any]) -> RunnerKind:
    if queued.get("flow"):
        return RunnerKind.FLOW
    return RunnerKind.TEAM if queued.get("team") else RunnerKind.AGENT


def check_rows(rows: Rows, *, settled_until: int = 0) -> RowCheck:
    """Compare the rows of all runs, and the marks of their sessions, with the events.

    The runs that had ended by the event `settled_until` are left out.
    """
    database = rows.database
    with database.reading(), closing(_faults(database, settled_until)) as found:
        faults = tuple(islice(found, FAULTS_SHOWN))
        return RowCheck(runs=database.all("count_runs")[0][0], faults=faults)


def settled_rows_hash(database: Database, seq: int) -> bytes:
    """SHA-256 over the rows of the runs that had ended by an event; they never change again."""
    running = sha256()
    rows = database.each("settled_rows", {"seq": seq})
    while part := list(islice(rows, _ROWS_AT_ONCE)):
        running.update(marshal.dumps(part, _PLAIN))
    return running.digest()


def _faults(database: Database, settled_until: int) -> Generator[RowFault]:
    """What differs, run by run; both lists are in the order of the runs' ids."""
    values: dict[str, Value] = {"seq": settled_until, "runs": None}
    chosen: list[str] = []
    if settled_until:
        found = database.all("open_runs", {"seq": settled_until})
        values["runs"] = as_array([run for (run,) in found])
        chosen = ["open"]
    conditions = ["projecting_events.keys", *(f"projecting_events.{name}" for name in chosen)]
    events = database.each("projecting_events", values, where=conditions)
    by_run = groupby(events, key=itemgetter(0))
    run, of_run = next(by_run, _NO_MORE)
    for columns in database.each("projected_runs", values, where=chosen):
        row = _Row._make(columns)
        while of_run is not None and _place(run) < _place(row.id):
            run, of_run = next(by_run, _NO_MORE)  # it has no row, which is told below
        if of_run is None or run != row.id:
            yield from _differences(row, _Expected())
            continue
        expected = _read(of_run)
        run, of_run = next(by_run, _NO_MORE)
        if expected is None:
            yield RowFault(row.id, "events", "cannot all be read")
        else:
            yield from _differences(row, expected)
    for (lost,) in database.all("runs_without_row", values):
        yield RowFault(lost, "row", "is missing, although its events exist")


def _place(run: object) -> tuple[int, object]:
    """Where SQLite sorts an id, which in a damaged store is of any type."""
    match run:
        case str():
            return 1, run
        case bytes():
            return 2, run
        case _:
            return 0, run


def _read(events: Iterable[SqlRow]) -> _Expected | None:
    """What a row must say; None if one of its events cannot be read."""
    expected = _Expected()
    for _, _, at, stored in sorted(events, key=itemgetter(1)):
        try:
            if not is_moment(at):
                return None
            expected.apply(at, orjson.loads(stored))
        except (KeyError, TypeError, ValueError, AttributeError):
            return None
    return expected


def _whole(value: object) -> int:
    if type(value) is not int:
        raise TypeError(f"{value!r} is not a number")
    return value


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
    if not expected.status:
        return "is set, although its events say that the run is live" if killed else ""
    if expected.by and not (killed or expected.keeps_session):
        return f"is not set, although its events say that {expected.by} ended the run"
    return ""
