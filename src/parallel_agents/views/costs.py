"""Costs: what an accepted result costs, including the cost of rejected results."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from parallel_agents.core.ids import RunId
from parallel_agents.core.row import Row
from parallel_agents.core.run import LIVE, RunnerKind, RunStatus
from parallel_agents.core.store import Attempt
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


def costs_by_agent(
    rows: Iterable[Row], attempts: Mapping[RunId, Sequence[Attempt]]
) -> dict[str, AgentCosts]:
    """What each agent's runs cost; a judge's or refiner's count to the agent whose work it read.

    Args:
        rows: every run, those of judges and refiners included.
        attempts: the attempts of each run that has several.
    """
    rows = [row for row in rows if row.run.kind is RunnerKind.AGENT]
    agent_of = {row.session.key: row.session.agent.name for row in rows}
    costs: dict[str, AgentCosts] = defaultdict(AgentCosts)
    for row in rows:
        name = row.session.agent.name
        served = None if row.session.parent is None else agent_of.get(row.session.parent)
        if row.session.options.is_service and served is not None:
            costs[served].reviews += row.run.spend
        elif row.run.id in attempts:
            _add_attempts(costs[name], row, attempts[row.run.id])
        else:
            _add(costs[name], row, row.run.model, row.run.spend)
    return costs


def _add_attempts(costs: AgentCosts, row: Row, attempts: Sequence[Attempt]) -> None:
    """A run with several attempts: each counts towards the model that it was on."""
    *failed, last = attempts
    for attempt in failed:
        tier = costs.tiers[attempt.model or row.run.model]
        tier.tried += 1
        tier.spend += attempt.spend
    _add(costs, row, last.model or row.run.model, last.spend)


def _add(costs: AgentCosts, row: Row, model: str, spend: Spend) -> None:
    """A run's last attempt, or its only one."""
    tier = costs.tiers[model]
    tier.spend += spend
    if row.run.status not in LIVE:
        costs.runs += 1
        tier.tried += 1
        tier.accepted += row.run.status is RunStatus.DONE
