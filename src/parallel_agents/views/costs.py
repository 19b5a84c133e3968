"""Costs: what an accepted result costs, including the cost of rejected results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import assert_never

from parallel_agents.core.overview import Cost
from parallel_agents.core.usage import Spend
from parallel_agents.views import format


@dataclass(slots=True, kw_only=True)
class TierCosts:
    """A model's part in the work of an agent.

    Attributes:
        tried: attempts that ended on it, accepted or not.
        answered: how many of them had a reply; the others cost nothing that is known.
        accepted: results that passed all gates.
        wasted: what of the spend led to no accepted result.
    """

    tried: int = 0
    answered: int = 0
    accepted: int = 0
    spend: Spend = Spend()
    wasted: Spend = Spend()


@dataclass(slots=True, kw_only=True)
class AgentCosts:
    """What an agent's runs cost, by model, in the order in which the models were used.

    Attributes:
        runs: how many have ended.
        answered: how many of them had a reply.
        reviews: what the judges and refiners of its work cost.
        wasted_reviews: what of that was spent on those that failed.
    """

    runs: int = 0
    answered: int = 0
    tiers: dict[str, TierCosts] = field(default_factory=lambda: defaultdict(TierCosts))
    reviews: Spend = Spend()
    wasted_reviews: Spend = Spend()

    @property
    def accepted(self) -> int:
        return sum(tier.accepted for tier in self.tiers.values())

    @property
    def spend(self) -> Spend:
        return sum((tier.spend for tier in self.tiers.values()), self.reviews)

    @property
    def wasted(self) -> Spend:
        return sum((tier.wasted for tier in self.tiers.values()), self.wasted_reviews)


def costs_by_agent(costs: Iterable[Cost]) -> dict[str, AgentCosts]:
    """What each agent's runs cost, the most first; a judge's or refiner's count to the agent whose work it read."""
    by_agent: dict[str, AgentCosts] = defaultdict(AgentCosts)
    for cost in costs:
        if cost.serves:
            by_agent[cost.serves].reviews += cost.spend
            by_agent[cost.serves].wasted_reviews += cost.wasted
            continue
        of_agent = by_agent[cost.agent]
        is_answered = cost.spend.calls > 0
        of_agent.runs += cost.ended
        of_agent.answered += cost.ended if is_answered else 0
        tier = of_agent.tiers[cost.model]
        tier.tried += cost.tried
        tier.answered += cost.tried if is_answered else 0
        tier.accepted += cost.accepted
        tier.spend += cost.spend
        tier.wasted += cost.wasted
    return dict(sorted(by_agent.items(), key=lambda named: _most(named[1].spend)))


class By(StrEnum):
    """What costs are added up by."""

    AGENT = "agent"
    MODEL = "model"
    DAY = "day"
    TAG = "tag"


@dataclass(frozen=True, slots=True, kw_only=True)
class CostSum:
    """What runs cost that have something in common.

    Attributes:
        runs: how many have ended; judges and refiners are no runs of their own.
        accepted: how many of them were done.
        spend: what they cost, with the judges and refiners of their work.
        wasted: what of it was spent on attempts that led to no accepted result.
    """

    runs: int = 0
    accepted: int = 0
    spend: Spend = Spend()
    wasted: Spend = Spend()

    def __add__(self, cost: Cost) -> CostSum:
        is_review = bool(cost.serves)
        return CostSum(
            runs=self.runs + (0 if is_review else cost.ended),
            accepted=self.accepted + (0 if is_review else cost.accepted),
            spend=self.spend + cost.spend,
            wasted=self.wasted + cost.wasted,
        )


def wasted_share(spend: Spend, wasted: Spend) -> float | None:
    """Which part of what is known was wasted, simulated costs included; None if nothing was spent."""
    known = spend.cost_nanousd + spend.simulated_nanousd
    lost = wasted.cost_nanousd + wasted.simulated_nanousd
    return lost / known if known else None


def wasted_text(spend: Spend, wasted: Spend) -> str:
    """What was wasted, in words; empty if nothing was spent."""
    if not spend.calls:
        return ""
    share = wasted_share(spend, wasted)
    part = "" if share is None else f" ({share:.1%})".replace("%", " %")
    amount = f"{format.money(replace(wasted, unpriced_calls=0))}{part}"
    if not wasted.calls:
        amount = "what is not known" if wasted.uncounted_runs else "nothing"
    text = f"wasted on attempts without an accepted result: {amount}"
    if not wasted.unpriced_calls:
        return text
    calls = f"{wasted.unpriced_calls:,} calls" if wasted.unpriced_calls > 1 else "1 call"
    if wasted.unpriced_calls == wasted.calls:
        return f"wasted on attempts without an accepted result: {calls} of unknown price"
    return f"{text}, and {calls} of unknown price"


def total_of(costs: Iterable[Cost]) -> CostSum:
    """What all of it cost."""
    total = CostSum()
    for cost in costs:
        total += cost
    return total


def sums_by(by: By, costs: Iterable[Cost]) -> dict[str, CostSum]:
    """What runs cost by what they have in common; the newest day first, else what cost most.

    Work with several tags counts for each of them, work without any under the empty name.
    """
    sums: dict[str, CostSum] = defaultdict(CostSum)
    for cost in costs:
        for name in _names(by, cost):
            sums[name] += cost
    if by is By.DAY:
        return dict(sorted(sums.items(), reverse=True))
    return dict(sorted(sums.items(), key=lambda named: _most(named[1].spend)))


def _most(spend: Spend) -> tuple[int, int, int]:
    return (-spend.cost_nanousd, -spend.simulated_nanousd, -spend.usage.total_tokens)


def _names(by: By, cost: Cost) -> tuple[str, ...]:
    match by:
        case By.AGENT:
            return (cost.serves or cost.agent,)
        case By.MODEL:
            return (cost.model,)
        case By.DAY:
            return (cost.day,)
        case By.TAG:
            return cost.tags or ("",)
        case _:
            assert_never(by)
