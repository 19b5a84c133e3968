"""Cost documents: what runs cost, for machines, the same in `--json` and over HTTP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from typing_extensions import TypedDict

from parallel_agents.core.overview import Cost
from parallel_agents.core.usage import Spend
from parallel_agents.views.costs import (
    AgentCosts,
    By,
    CostSum,
    TierCosts,
    costs_by_agent,
    sums_by,
    total_of,
    wasted_share,
)
from parallel_agents.views.documents import Money, money_json


class WasteDocument(TypedDict):
    """What was spent on attempts that led to no accepted result; `share` is its part of what is known."""

    cost: Money | None
    known_cost: Money | None
    simulated_cost: Money | None
    unpriced_calls: int
    share: float | None


class CostDocument(TypedDict):
    """What runs cost, null if it is not known; `known_cost` leaves out what is unknown."""

    runs: int
    accepted: int
    cost: Money | None
    simulated_cost: Money | None
    unpriced_calls: int
    known_cost: Money | None
    cost_per_accepted: Money | None
    wasted: WasteDocument
    tokens: int


class TierDocument(TypedDict):
    """What the runs of an agent cost that were on one model."""

    model: str
    tried: int
    accepted: int
    cost: Money | None
    simulated_cost: Money | None
    unpriced_calls: int
    known_cost: Money | None
    tokens: int


class AgentCostDocument(TypedDict):
    """What the runs of one agent cost."""

    agent: str
    runs: int
    accepted: int
    cost: Money | None
    simulated_cost: Money | None
    unpriced_calls: int
    known_cost: Money | None
    cost_of_reviews: Money | None
    cost_per_accepted: Money | None
    wasted: WasteDocument
    models: list[TierDocument]


class SumDocument(CostDocument):
    """The costs of one model, day or tag; null stands for those without any."""

    name: str | None


class CostsDocument(TypedDict):
    """What runs cost together, by agent or else by name; `unanswered_calls` may have been billed."""

    sum: CostDocument
    agents: list[AgentCostDocument]
    sums: list[SumDocument]
    unanswered_calls: int


def costs_json(costs: Sequence[Cost], by: By, unanswered: int) -> CostsDocument:
    """What runs cost together.

    Args:
        costs: those of the runs.
        by: what they are added up by.
        unanswered: how many calls may have been billed besides.
    """
    of_agents = costs_by_agent(costs) if by is By.AGENT else {}
    sums = {} if by is By.AGENT else sums_by(by, costs)
    return {
        "sum": cost_json(total_of(costs)),
        "agents": [agent_cost_json(agent, each) for agent, each in of_agents.items()],
        "sums": [{"name": name or None, **cost_json(each)} for name, each in sums.items()],
        "unanswered_calls": unanswered,
    }


def cost_json(found: CostSum) -> CostDocument:
    """What some runs cost together."""
    return {
        "runs": found.runs,
        "accepted": found.accepted,
        "cost": _known(found.spend),
        "simulated_cost": _simulated(found.spend),
        "unpriced_calls": found.spend.unpriced_calls,
        "known_cost": money_json(found.spend.known_usd),
        "cost_per_accepted": _per_accepted(found.spend, found.accepted),
        "wasted": _waste_json(found.spend, found.wasted),
        "tokens": found.spend.usage.total_tokens,
    }


def agent_cost_json(agent: str, costs: AgentCosts) -> AgentCostDocument:
    """What the runs of an agent cost, by model."""
    return {
        "agent": agent,
        "runs": costs.runs,
        "accepted": costs.accepted,
        "cost": _known(costs.spend),
        "simulated_cost": _simulated(costs.spend),
        "unpriced_calls": costs.spend.unpriced_calls,
        "known_cost": money_json(costs.spend.known_usd),
        "cost_of_reviews": money_json(costs.reviews.cost_usd),
        "cost_per_accepted": _per_accepted(costs.spend, costs.accepted),
        "wasted": _waste_json(costs.spend, costs.wasted),
        "models": [_tier_json(model, tier) for model, tier in costs.tiers.items()],
    }


def _known(spend: Spend) -> Money | None:
    """A cost; null if a price is unknown, and where no reply says what was paid."""
    return money_json(spend.cost_usd) if spend.calls else None


def _simulated(spend: Spend) -> Money | None:
    return None if _is_unknown(spend) else money_json(spend.simulated_usd)


def _is_unknown(spend: Spend) -> bool:
    """Whether nothing is known of what was spent: it is not zero."""
    return spend.calls == spend.unpriced_calls


def _waste_json(spend: Spend, wasted: Spend) -> WasteDocument:
    share = wasted_share(spend, wasted)
    return {
        "cost": None if _is_unknown(spend) else money_json(wasted.cost_usd),
        "known_cost": money_json(wasted.known_usd),
        "simulated_cost": None if _is_unknown(spend) else money_json(wasted.simulated_usd),
        "unpriced_calls": wasted.unpriced_calls,
        "share": None if share is None else round(share, 4),
    }


def _tier_json(model: str, tier: TierCosts) -> TierDocument:
    return {
        "model": model,
        "tried": tier.tried,
        "accepted": tier.accepted,
        "cost": _known(tier.spend),
        "simulated_cost": _simulated(tier.spend),
        "unpriced_calls": tier.spend.unpriced_calls,
        "known_cost": money_json(tier.spend.known_usd),
        "tokens": tier.spend.usage.total_tokens,
    }


def spend_each(spend: Spend, accepted: int) -> Spend:
    """What each accepted result cost."""
    return replace(
        spend,
        cost_nanousd=spend.cost_nanousd // accepted,
        simulated_nanousd=spend.simulated_nanousd // accepted,
    )


def _per_accepted(spend: Spend, accepted: int) -> Money | None:
    return money_json(spend_each(spend, accepted).cost_usd) if accepted else None
