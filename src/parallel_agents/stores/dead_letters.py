"""Dead letters: the runs that failed and wait to be run again or dropped, and those that were killed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.budget import NO_BUDGET, account_of
from parallel_agents.core.dead_letter import DeadLetter, DeadLetterFilter
from parallel_agents.core.ended_by import is_on_purpose
from parallel_agents.core.event import Finished, Queued
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.core.run import FAILURES, RunStatus
from parallel_agents.stores.budgets import budget_of
from parallel_agents.stores.codec import Undecodable
from parallel_agents.stores.database import Database, SqlRow, Value, as_array
from parallel_agents.stores.row_columns import is_moment
from parallel_agents.stores.rows import Rows, readable


class End(NamedTuple):
    """How a run ended."""

    run: RunId
    session: SessionKey
    status: RunStatus
    code: str


class DeadLetters:
    """The table; each change is part of its caller's transaction."""

    def __init__(
        self,
        database: Database,
        now: Callable[[], float],
        kept_seconds: float = DEAD_LETTER_SECONDS,
        least_now: Callable[[], float] | None = None,
    ) -> None:
        self._database = database
        self._now = now
        self._least_now = least_now or now
        self._kept_seconds = kept_seconds

    def note_ends(self, ends: Sequence[End]) -> None:
        """Make a dead letter of each run that failed; the end of a retry closes what it retried."""
        now = self._now()
        closed = [(now, end.session) for end in ends if end.status is not RunStatus.KILLED]
        if closed:
            self._database.run_many("close_retried", closed)
        failed = [{"run": end.run, "code": end.code} for end in ends if end.status in FAILURES]
        if failed:
            self._database.run_many("put_dead_letter", failed)
            self._drop_old()

    def note_retry(self, run: RunId, by: SessionKey) -> None:
        self._database.run("note_retry", {"by": by, "run": run})
        self._drop_old()

    def drop(self, runs: Sequence[RunId]) -> int:
        """Drop dead letters; return how many there were."""
        dropped = self._database.all("drop_dead_letters", (self._now(), as_array(runs)))
        self._drop_old()
        return len(dropped)

    def _drop_old(self) -> None:
        oldest = self._least_now() - self._kept_seconds
        self._database.run("drop_old_dead_letters", (oldest,))


def read_dead_letters(rows: Rows, chosen: DeadLetterFilter, oldest: float) -> list[DeadLetter]:
    """The dead letters that a filter selects, not older than `oldest`, the newest first."""
    values: Mapping[str, Value] = {
        "oldest": max(oldest, chosen.since or 0.0),
        "agent": chosen.agent,
        "code": chosen.code,
        "tree": chosen.tree,
        "run": chosen.run,
    }
    chosen_by = ("agent", "code", "tree", "run")
    conditions = ["kept", *(name for name in chosen_by if values[name] is not None)]
    found = rows.database.all("dead_letters", values, where=conditions)
    return readable("dead letter", lambda columns: _dead_letter(rows, columns), found)


def read_killed(rows: Rows, chosen: DeadLetterFilter) -> list[DeadLetter]:
    """The tasks that a filter selects and that somebody killed, the newest first."""
    values: Mapping[str, Value] = {
        "since": chosen.since,
        "agent": chosen.agent,
        "code": chosen.code,
        "tree": chosen.tree,
        "run": chosen.run,
    }
    conditions = ["latest", *(name for name, value in values.items() if value is not None)]
    found = rows.database.all("killed_tasks", values, where=conditions)
    letters = readable("killed task", lambda columns: _dead_letter(rows, columns), found)
    return [each for each in letters if is_on_purpose(each.killed_by)]


def _dead_letter(rows: Rows, columns: SqlRow) -> DeadLetter:
    run, at, retried_by = columns
    row = rows.of_run(RunId(run))
    if row.fault or not is_moment(at) or not isinstance(retried_by, str | None):
        raise Undecodable(row.fault or "a column of it has the wrong type")
    stored = rows.database.all("asked_and_ended", (as_array([row.run.id]),))
    bodies = [rows.body(seq, body) for seq, body in stored]
    account = next(
        iter(rows.database.all("accounts_of", (as_array([account_of(row.session.key)]),))), None
    )
    queued = next((body for body in bodies if isinstance(body, Queued)), None)
    if queued is None:
        raise Undecodable("its task cannot be read")
    end = next((body for body in bodies if isinstance(body, Finished)), None)
    return DeadLetter(
        session=row.session,
        run=row.run,
        queued=queued,
        error=None if end is None else end.outcome.error,
        killed_by="" if end is None else end.by,
        at=at,
        retried_by=None if retried_by is None else SessionKey(retried_by),
        budget=NO_BUDGET if account is None else budget_of(*account[1:4]),
    )
