"""Budget: what may be spent, and what is reserved before it is.

Before a call, its worst case is reserved in every account that it is charged to, in one
transaction; after the call, its real cost is charged. So concurrent calls can never overdraw an
account.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Annotated, Literal, NamedTuple, TypeAlias

from typing_extensions import TypedDict, override

from parallel_agents.core.checked import Checked
from parallel_agents.core.converted import Converted, default
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.takers import instance, is_named
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.errors import InvalidInput

_SESSION = "session:"
# Whole percents, so that comparisons are exact.
NOTICE_PERCENTS = (80, 95)
ANSWER_PERCENT = 5
# The amounts that a column of 64 bits can hold, with room for what is spent beyond a limit.
_LEAST_USD, _MOST_USD = 1e-9, 9e9
_MOST_TOKENS = 10**12


class OnLimit(StrEnum):
    """What a run does at the limit: answer in one last call, stop at once, or ask a person."""

    FINISH = "finish"
    STOP = "stop"
    ASK = "ask"


OnLimitName: TypeAlias = OnLimit | Literal["finish", "stop", "ask"]


class BudgetByName(TypedDict, total=False):
    """A budget as a dictionary, which stands for it wherever a budget is taken."""

    usd: float | None
    tokens: int | None
    on_limit: OnLimitName | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget(Checked):
    """The most that a session and all that it spawns may spend; None for no limit.

    Where a budget is taken, a number means dollars: `budget=2` is `budget=Budget(usd=2)`.

    Attributes:
        usd: US dollars. A model with an unknown price is refused.
        tokens: input, output and cache together.
        on_limit: what a run does if there is no room for its next call; None leaves it to the agent,
            then to its parent's, and finishes if nobody says anything.

    Raises:
        InvalidInput: a limit is not more than 0, or more than 9e9 USD or 1e12 tokens.
    """

    usd: float | None = None
    tokens: int | None = None
    on_limit: Converted[OnLimit | None, OnLimitName | None] = default(None)

    @override
    @classmethod
    def written(cls) -> str:
        return "Budget(usd=2) or Budget(tokens=100_000)"

    @classmethod
    def meant(cls, value: object) -> Budget | None:
        """The budget that another value stands for: a number of dollars, or limits by their names."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            return cls(usd=value)
        # An empty one would be no limit at all, which nobody means by a budget.
        return cls(**value) if is_named(value) and value else None

    @override
    def _check(self) -> None:
        for name, value, least, most in (
            ("usd", self.usd, _LEAST_USD, _MOST_USD),
            ("tokens", self.tokens, 1, _MOST_TOKENS),
        ):
            if value is not None and not least <= value <= most:
                raise InvalidInput(
                    f"a budget cannot be {value} {name}",
                    why=f"it must be from {least:g} to {most:g}",
                    hint="leave it out for no limit",
                )

    @property
    def nanousd(self) -> int | None:
        return None if self.usd is None else int(self.usd * NANOUSD_PER_USD)

    @property
    def at_limit(self) -> OnLimit:
        """What a run does at the limit."""
        return self.on_limit or OnLimit.FINISH

    def at(self, on_limit: OnLimit) -> Budget:
        """This budget with what was stored of its limit: one that says nothing finishes."""
        return self if on_limit is OnLimit.FINISH else replace(self, on_limit=on_limit)

    @property
    def is_bound(self) -> bool:
        return self.usd is not None or self.tokens is not None


NO_BUDGET = Budget()


# What is passed for a budget.
AnyBudget: TypeAlias = Annotated[Budget | BudgetByName | float, instance(Budget)]
# A field that keeps a budget.
TakesBudget: TypeAlias = Converted[Budget, AnyBudget]


def as_budget(budget: AnyBudget) -> Budget:
    """What stands for a budget as one."""
    if isinstance(budget, Budget):
        return budget
    return Budget(**budget) if isinstance(budget, dict) else Budget(usd=budget)


class Amount(NamedTuple):
    """What is reserved or spent; `nanousd` is None if the price is unknown."""

    nanousd: int | None
    tokens: int


class Charge(NamedTuple):
    """What a call is charged; None for what is not known, which costs what was reserved for it."""

    nanousd: int | None
    tokens: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class BudgetAccount:
    """A named limit on many runs, such as all of one day, or those of one agent on that day."""

    scope: str
    budget: Budget


class BudgetAccountState(NamedTuple):
    account: BudgetAccount
    spent: Amount
    reserved: Amount


class LimitSetter(NamedTuple):
    """A process whose own setting limits a day; it may have ended."""

    host: str
    pid: int
    is_live: bool


class Shortage(NamedTuple):
    """Why there is no room.

    Attributes:
        scope: the account without room.
        detail: its balance, as readable text.
        may_wait: other calls may release what they have reserved, so a later try may succeed.
        on_limit: what the account demands of a run.
        cause: the limits that leave no room, such as `5000 tokens`.
        set_by: the process whose limit of the day holds; None if it is that of the home's file.
    """

    scope: str
    detail: str
    may_wait: bool
    on_limit: OnLimit
    cause: str = ""
    set_by: LimitSetter | None = None


def account_of(session: SessionKey) -> str:
    """The name of a session's own account."""
    return f"{_SESSION}{session}"


def session_of_account(account: str) -> SessionKey | None:
    """The session whose own account this is; None for an account of the day, and for an unknown one."""
    return SessionKey(account.removeprefix(_SESSION)) if account.startswith(_SESSION) else None
