"""Costs: what an accepted result costs, including the cost of rejected results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

from parallel_agents.core.overview import Cost
from parallel_agents.core.usage import Spend


@dataclass(slots=True, kw_only=True)
class TierCosts:
    """A model's part in the work of an agent.

    Attributes:
        tried: attempts that ended on it, accepted or not.
        accepted: results that passed all gates.
    """

    tried: int = 0
    accepted: int = 0
    spend: Spend = Spend()


@dataclass(slots=True, kw_only=True)
class AgentCosts:
    """What an agent's runs cost, by model, in the order in which the models were used.

    Attributes:
        runs: how many have ended.
        reviews: what the judges and refiners of its work cost.
    """

    runs: int = 0
    tiers: dict[str, TierCosts] = field(default_factory=lambda: defaultdict(TierCosts))
    reviews: Spend = Spend()

    @property
    def accepted(self) -> int:
        return sum(tier.accepted for tier in self.tiers.values())

    @property
    def spend(self) -> Spend:
        return sum((tier.spend for tier in self.tiers.values()), self.reviews)


def costs_by_agent(costs: Iterable[Cost]) -> dict[str, AgentCosts]:
    """What each agent's runs cost; a judge's or refiner's count to the agent whose work it read."""
    by_agent: dict[str, AgentCosts] = defaultdict(AgentCosts)
    for cost in costs:
        if cost.serves:
            by_agent[cost.serves].reviews += cost.spend
            continue
        of_agent = by_agent[cost.agent]
        of_agent.runs += cost.ended
        tier = of_agent.tiers[cost.model]
        tier.tried += cost.tried
        tier.accepted += cost.accepted
        tier.spend += cost.spend
    return by_agent
