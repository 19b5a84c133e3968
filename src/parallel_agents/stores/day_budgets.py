"""Day budgets: what a UTC day may cost, all of it and each agent's part, for every process of a store.

The limits are in the store, with who set them; the least holds. A limit of a process holds while the
process lives, and until the end of the day on which it ended. The file in the home folder is the
store's own: what it says may rise, and once it changes, the limits of processes that have ended fall.
The account of a day is opened with what its calls have cost so far, whoever made them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime

from parallel_agents.core.budget import (
    NO_BUDGET,
    Budget,
    BudgetAccount,
    LimitSetter,
    OnLimit,
    Shortage,
)
from parallel_agents.core.ids import OwnerId, SessionKey
from parallel_agents.stores.database import Database

DAY = "day"
_HOME = OwnerId("")  # who sets what the file in the home folder says
_DAY_SECONDS = 86_400

_Limit = tuple[int | None, int | None, str]


class DayBudgets:
    """The limits of days and the accounts that they make; each change is part of a transaction.

    Attributes:
        is_limited: whether the store has a limit of days, as of the last look.
    """

    def __init__(self, database: Database, now: Callable[[], float]) -> None:
        self._database = database
        self._now = now
        self.is_limited = False

    def look(self) -> bool:
        """Whether the store has a limit of days."""
        found = self._database.one("has_day_limits")
        self.is_limited = found is not None and bool(found[0])
        return self.is_limited

    def limit(
        self, owner: OwnerId, own: Iterable[BudgetAccount], home: Iterable[BudgetAccount]
    ) -> None:
        """Set the limits of a process, and those of the home folder's file.

        Args:
            owner: the process.
            own: its limits by their scope: `day`, or `agent:NAME`.
            home: what the file says.
        """
        midnight = self._midnight()
        self._database.run("drop_day_limits", {"owner": owner, "midnight": midnight})
        said = {account.scope: _limit_of(account.budget) for account in home}
        before: dict[str, _Limit] = {
            scope: (*limits,) for scope, *limits in self._database.all("day_limits_of", (_HOME,))
        }
        for scope in before.keys() | said.keys():
            limit = said.get(scope, _limit_of(NO_BUDGET))
            if before.get(scope) == limit:
                continue
            self._put(scope, _HOME, limit)
            self._database.run("lift_day_limits", (scope,))
        for account in own:
            if (limit := _limit_of(account.budget)) != said.get(account.scope):
                self._put(account.scope, owner, limit)
        if self.look():
            self._open()

    def _put(self, scope: str, owner: OwnerId, limit: _Limit) -> None:
        self._database.run("put_day_limit", (scope, owner, *limit))

    def set_by(self, shortage: Shortage) -> LimitSetter | None:
        """Which process set the limit of a day that leaves no room; None if the home's file says the same.

        Of several processes it is one that lives, if any does.
        """
        scope = shortage.scope.rpartition(":")[0]
        values: Mapping[str, str | float] = {"scope": scope, "midnight": self._midnight()}
        setters: list[LimitSetter] = []
        for nanousd, tokens, owner, host, pid, state in self._database.all(
            "day_limit_setters", values
        ):
            is_usd = shortage.cause.startswith(f"{nanousd} nanousd")
            if not is_usd and not f" {shortage.cause}".endswith(f" {tokens} tokens"):
                continue
            if owner == _HOME:
                return None
            setters.append(LimitSetter(_machine(str(host)), _whole(pid), state == "live"))
        return max(setters, key=lambda setter: setter.is_live, default=None)

    def scopes_of(self, session: SessionKey, at: float | None = None) -> tuple[str, ...]:
        """The accounts, if they are open, that a call of the session is charged to.

        The call begins `at` that time, or now.
        """
        if not self.is_limited:
            return ()
        day = day_of(self._now() if at is None else at)
        return f"{DAY}:{day}", f"agent:{_agent_of(session)}:{day}"

    def open_today(self) -> bool:
        """Open today's accounts; return whether they were not open yet."""
        if self._database.one("has_account", (f"{DAY}:{self._today()}",)) is not None:
            return False
        self._open()
        return True

    def _open(self) -> None:
        """Give today's accounts the limits that hold, and open those that are missing."""
        day = self._today()
        limits = _least(self._database.all("day_limits", (self._midnight(),)))
        limits.setdefault(DAY, _limit_of(NO_BUDGET))  # tells that the day is open
        for scope, limit in limits.items():
            account = f"{scope}:{day}"
            if self._database.one("has_account", (account,)) is None:
                spent = self._spent_today(scope)
                self._database.run("open_day_account", (account, *limit, *spent))
            else:
                self._database.run_many("open_account", [(account, *limit)])

    def _spent_today(self, scope: str) -> tuple[int, int]:
        """The nanodollars and tokens of all replies of today, of all agents or of one."""
        agent = scope.removeprefix("agent:") if scope != DAY else ""
        values: Mapping[str, str | float] = {"midnight": self._midnight(), "agent": agent}
        rows = [
            *self._database.all("spent_by_runs_since", values),
            *self._database.all("spent_by_replies_since", values),
            *self._database.all("pruned_spend_of_day", {"day": self._today(), "agent": agent}),
        ]
        nanousd, tokens = zip(*rows, strict=True) if rows else ((), ())
        return sum(map(_whole, nanousd)), sum(map(_whole, tokens))

    def _today(self) -> str:
        return day_of(self._now())

    def _midnight(self) -> float:
        return self._now() // _DAY_SECONDS * _DAY_SECONDS


def _machine(host: str) -> str:
    """The name of a machine, without the namespaces of its process."""
    return host.partition(" ")[0]


def day_of(at: float) -> str:
    """The UTC day of a moment, as the accounts of days name it."""
    return datetime.fromtimestamp(at, UTC).date().isoformat()


def _agent_of(session: SessionKey) -> str:
    """The agent's name in a key: `agent:NAME:...`."""
    return session.split(":", 2)[1]


def _limit_of(budget: Budget) -> _Limit:
    return budget.nanousd, budget.tokens, budget.at_limit.value


def _least(rows: Sequence[tuple[str, int | None, int | None, str]]) -> dict[str, _Limit]:
    """The least limit of each scope, compared here: a column may hold any type."""
    limits: dict[str, _Limit] = {}
    for scope, nanousd, tokens, on_limit in rows:
        before = limits.get(scope, (None, None, OnLimit.FINISH.value))
        stops = OnLimit.STOP.value in (before[2], on_limit)
        limits[scope] = (
            _lesser(before[0], nanousd),
            _lesser(before[1], tokens),
            OnLimit.STOP.value if stops else OnLimit.FINISH.value,
        )
    return limits


def _lesser(one: int | None, other: int | None) -> int | None:
    if one is None or other is None:
        return other if one is None else one
    return min(one, other)


def _whole(value: object) -> int:
    """A number of the store; what is damaged there is nothing that was counted."""
    return value if type(value) is int else 0
