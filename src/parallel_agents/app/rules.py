"""Rules: what holds for each run in this process, by the settings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from parallel_agents.app.parts import Parts
from parallel_agents.core.budget import NO_BUDGET, BudgetAccount
from parallel_agents.core.engine import Scope
from parallel_agents.core.run import RunnerKind
from parallel_agents.core.store import Row
from parallel_agents.errors import PagentsError
from parallel_agents.models.registry import Registry
from parallel_agents.session_tools.toolbox import NAMES
from parallel_agents.settings import Settings


class RunRules:
    """What holds for each run here, by the settings."""

    def __init__(
        self, settings: Settings, models: Registry, parts: Parts, now: Callable[[], float]
    ) -> None:
        self._settings = settings
        self._models = models
        self._parts = parts
        self._now = now
        self._has_budgets = settings.day_budget.is_bound or bool(settings.agent_budgets)

    def scopes_of(self, row: Row) -> dict[Scope, int | None]:
        """An agent's run takes a place in its process, its team, its agent and its model."""
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
        """What the settings let today cost, and the run's agent today."""
        if row.run.kind is RunnerKind.TEAM or not self._has_budgets:
            return ()
        day = datetime.fromtimestamp(self._now(), UTC).date().isoformat()
        name = row.session.agent.name
        bounds = {
            f"day:{day}": self._settings.day_budget,
            f"agent:{name}:{day}": self._settings.agent_budgets.get(name, NO_BUDGET),
        }
        return [BudgetAccount(scope=scope, budget=b) for scope, b in bounds.items() if b.is_bound]

    def can_run(self, row: Row) -> bool:
        """Whether this process has what a run needs."""
        return not self.lacks(row)

    def lacks(self, row: Row) -> str:
        """What a run needs that this process has not: a tool, a provider or its key; or nothing."""
        if row.run.kind is RunnerKind.TEAM:
            return ""
        at_hand = {*self._parts.tools, *NAMES}
        if missing := [name for name in row.session.agent.tools if name not in at_hand]:
            return f"no tool {missing[0]!r} in this process"
        try:
            self._models.get(row.run.model)
        except PagentsError as error:
            return error.message
        return ""
