"""Bound: the most that work can cost by the budgets in it; what no budget limits has none."""

from __future__ import annotations

from typing import NamedTuple

from parallel_agents.core.budget import Budget
from parallel_agents.core.dollars import limit_dollars
from parallel_agents.core.usage import NANOUSD_PER_USD


class Bound(NamedTuple):
    """The most that may be spent; None is not bounded."""

    nanousd: int | None = None
    tokens: int | None = None

    @classmethod
    def of(cls, budget: Budget) -> Bound:
        """The bound that a budget is."""
        return cls(budget.nanousd, budget.tokens)

    @property
    def usd(self) -> float | None:
        """The most US dollars."""
        return None if self.nanousd is None else self.nanousd / NANOUSD_PER_USD

    @classmethod
    def in_usd(cls, usd: float | None, tokens: int | None) -> Bound:
        """The bound of so many US dollars."""
        return cls(None if usd is None else round(usd * NANOUSD_PER_USD), tokens)

    @property
    def told(self) -> str:
        """The bound as people read it, such as `$2.00 or 5,000 tokens`; empty if there is none."""
        usd = [] if self.nanousd is None else [limit_dollars(self.nanousd)]
        return " or ".join([*usd, *([] if self.tokens is None else [f"{self.tokens:,} tokens"])])

    def plus(self, other: Bound) -> Bound:
        """That of both together."""
        return Bound(_sum(self.nanousd, other.nanousd), _sum(self.tokens, other.tokens))

    def times(self, number: int) -> Bound:
        """That of so many; of none it is 0."""
        return Bound(_product(self.nanousd, number), _product(self.tokens, number))

    def within(self, budget: Budget) -> Bound:
        """The least of this bound and a budget."""
        return Bound(_least(self.nanousd, budget.nanousd), _least(self.tokens, budget.tokens))


NOTHING = Bound(0, 0)


def _sum(one: int | None, other: int | None) -> int | None:
    return None if one is None or other is None else one + other


def _product(one: int | None, number: int) -> int | None:
    if not number:
        return 0
    return None if one is None else one * number


def _least(one: int | None, other: int | None) -> int | None:
    return min((each for each in (one, other) if each is not None), default=None)
