"""Rules: the limits that the settings put on each run of this process."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from parallel_agents.app.readiness import Readiness
from parallel_agents.core.budget import NO_BUDGET, BudgetAccount
from parallel_agents.core.engine import Scope
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunnerKind
from parallel_agents.errors import PagentsError
from parallel_agents.models.registry import Registry
from parallel_agents.settings import Settings


class RunRules:
    """The limits and budgets of each run, and whether this process can execute it."""

    def __init__(
        self, settings: Settings, models: Registry, readiness: Readiness, now: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._models = models
        self._readiness = readiness
        self._now = now
        self._has_budgets = settings.day_budget.is_bound or bool(settings.agent_budgets)

    def scopes_of(self, row: Row) -> dict[Scope, int | None]:
        """The scopes in which a run takes a slot: its process, its team, its agent and its model."""
        if row.run.kind is RunnerKind.TEAM:
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

    def accounts_of(self, row: Row) -> Sequence[BudgetAccount]:
        """The budget accounts for today, and for the run's agent today, where settings set a limit."""
        if row.run.kind is RunnerKind.TEAM or not self._has_budgets:
            return ()
        day = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        name = row.session.agent.name
        bounds = {
            f"day:{day}": self._settings.day_budget,
            f"agent:{name}:{day}": self._settings.agent_budgets.get(name, NO_BUDGET),
        }
        return [BudgetAccount(scope=scope, budget=b) for scope, b in bounds.items() if b.is_bound]

    def lacks(self, row: Row) -> str:
        return self._readiness.lacks(row)
