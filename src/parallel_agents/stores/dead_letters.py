"""Dead letters: which runs failed and wait to be run again or dropped, as a table of one connection."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence

from parallel_agents.core.dead_letter import DEAD_LETTER_SECONDS, DeadLetter, DeadLetterFilter
from parallel_agents.core.event import Finished, Queued
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import FAILURES, RunStatus
from parallel_agents.core.store import Row
from parallel_agents.stores.budgets import budget_of, scope_of
from parallel_agents.stores.codec import decode_body
from parallel_agents.stores.queries import query


class DeadLetters:
    """The table; each change is part of its caller's transaction."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        now: Callable[[], float],
        kept_seconds: float = DEAD_LETTER_SECONDS,
    ) -> None:
        self._sql = connection
        self._now = now
        self._kept_seconds = kept_seconds

    def note_end(self, run: RunId, session: SessionKey, status: RunStatus, code: str) -> None:
        """A run that failed becomes a letter; that of a retry takes the place of what it retried."""
        now = self._now()
        if status is not RunStatus.KILLED:
            self._sql.execute(query("close_retried"), (now, session))
        if status in FAILURES:
            self._sql.execute(query("put_dead_letter"), {"run": run, "code": code})
            self._drop_old(now)

    def note_retry(self, run: RunId, by: SessionKey) -> None:
        self._sql.execute(query("note_retry"), (by, run))
        self._drop_old(self._now())

    def drop(self, runs: Sequence[RunId]) -> int:
        """Let go of letters; how many there were."""
        now = self._now()
        dropped = sum(
            self._sql.execute(query("drop_dead_letter"), (now, run)).rowcount for run in runs
        )
        self._drop_old(now)
        return dropped

    def _drop_old(self, now: float) -> None:
        self._sql.execute(query("drop_old_dead_letters"), (now - self._kept_seconds,))


def read_dead_letters(
    sql: sqlite3.Connection,
    row_of_run: Callable[[RunId], Row],
    chosen: DeadLetterFilter,
    oldest: float,
) -> list[DeadLetter]:
    """The letters that a filter chooses, none from before `oldest`, the newest first."""
    conditions = ["d.at >= ?"]
    values: list[str | float] = [max(oldest, chosen.since or 0.0)]
    for condition, value in (
        ("d.agent = ?", chosen.agent),
        ("d.code = ?", chosen.code),
        ("? IN (s.root, s.key)", chosen.tree),
        ("d.run = ?", chosen.run),
    ):
        if value is not None:
            conditions.append(condition)
            values.append(value)
    where = " AND ".join(conditions)
    statement = f"{query('dead_letters')} AND {where} ORDER BY d.at DESC, d.run"
    found = sql.execute(statement, values).fetchall()
    return [_letter(sql, row_of_run(RunId(run)), at, by) for run, at, by in found]


def _letter(sql: sqlite3.Connection, row: Row, at: float, retried_by: str | None) -> DeadLetter:
    bodies = [
        decode_body(body)
        for _, body in sql.execute(query("asked_and_ended"), (f'["{row.run.id}"]',))
    ]
    account = sql.execute(query("account"), (scope_of(row.session.key),)).fetchone()
    given = {} if account is None else {"budget": budget_of(*account[1:4])}
    return DeadLetter(
        session=row.session,
        run=row.run,
        queued=next(body for body in bodies if isinstance(body, Queued)),
        error=next((body.outcome.error for body in bodies if isinstance(body, Finished)), None),
        at=at,
        retried_by=None if retried_by is None else SessionKey(retried_by),
        **given,
    )
