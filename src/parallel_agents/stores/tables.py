"""Tables: the parts of a store that the journal's changes share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from parallel_agents.core.retention import DEAD_LETTER_SECONDS
from parallel_agents.stores.budgets import BudgetAccounts
from parallel_agents.stores.database import Database
from parallel_agents.stores.day_budgets import DayBudgets
from parallel_agents.stores.dead_letters import DeadLetters
from parallel_agents.stores.event_log import EventLog
from parallel_agents.stores.quotas import SpawnQuota
from parallel_agents.stores.rows import Rows
from parallel_agents.stores.throttles import ThrottleRows
from parallel_agents.stores.transcripts import Transcripts
from parallel_agents.stores.wishes import Wishes


@dataclass(frozen=True, slots=True, kw_only=True)
class Tables:
    """The tables of one connection.

    Attributes:
        now: returns seconds since the epoch.
        least_now: the same, never ahead because the wall clock was set forward; what it finds too
            old may be deleted.
    """

    database: Database
    now: Callable[[], float]
    least_now: Callable[[], float]
    log: EventLog
    rows: Rows
    transcripts: Transcripts
    accounts: BudgetAccounts
    days: DayBudgets
    dead_letters: DeadLetters
    throttles: ThrottleRows
    quota: SpawnQuota
    wishes: Wishes

    @classmethod
    def of(
        cls,
        database: Database,
        now: Callable[[], float],
        dead_letter_seconds: float = DEAD_LETTER_SECONDS,
        least_now: Callable[[], float] | None = None,
    ) -> Tables:
        least = least_now or now
        rows, days = Rows(database), DayBudgets(database, now)
        return cls(
            database=database,
            now=now,
            least_now=least,
            log=EventLog(database, now),
            rows=rows,
            transcripts=Transcripts(rows),
            accounts=BudgetAccounts(database, days),
            days=days,
            dead_letters=DeadLetters(database, now, dead_letter_seconds, least),
            throttles=ThrottleRows(database),
            quota=SpawnQuota(database),
            wishes=Wishes(database),
        )
