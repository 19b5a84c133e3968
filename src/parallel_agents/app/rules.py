"""Rules: the limits that the settings put on each run of this process."""

from __future__ import annotations

from collections.abc import Sequence

from parallel_agents.app.readiness import Readiness
from parallel_agents.core.budget import BudgetAccount
from parallel_agents.core.engine import Scope
from parallel_agents.core.row import Row
from parallel_agents.errors import PagentsError
from parallel_agents.models.registry import Registry
from parallel_agents.settings import Settings


class RunRules:
    """The limits of each run, and whether this process can execute it."""

    def __init__(self, settings: Settings, models: Registry, readiness: Readiness) -> None:
        self._settings = settings
        self._models = models
        self._readiness = readiness

    def scopes_of(self, row: Row) -> dict[Scope, int | None]:
        """The scopes in which a run takes a slot: its process, its team, its agent and its model."""
        if row.run.kind.is_group:
            return {}
        agent = row.session.agent
        return {
            Scope("process", ""): self._settings.max_parallel,
            Scope("team", row.session.root): None,
            Scope("agent", agent.name): agent.limits.max_parallel,
            Scope("model", row.run.model): self._slots(row.run.model),
        }

    def _slots(self, name: str) -> int | None:
        try:
            return self._models.get(name).capabilities.max_parallel
        except PagentsError:
            return None  # the run itself meets this error, and ends with it

    def lacks(self, row: Row) -> str:
        return self._readiness.lacks(row)

    def lacks_to_take_over(self, row: Row) -> str:
        return self._readiness.lacks_to_take_over(row)


def day_limits(settings: Settings) -> Sequence[BudgetAccount]:
    """What the settings let a day cost: all of it, and each agent's part."""
    budgets = {"day": settings.day_budget} | {
        f"agent:{name}": budget for name, budget in settings.agent_budgets.items()
    }
    return [BudgetAccount(scope=scope, budget=b) for scope, b in budgets.items() if b.is_bound]
