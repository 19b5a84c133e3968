"""Overrides: the options of `pagents run` that override what a team's file says."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import NamedTuple

from parallel_agents.catalog.team import Team
from parallel_agents.core.budget import Budget
from parallel_agents.core.plan import Plan, on_model
from parallel_agents.core.schema import Json
from parallel_agents.core.task import OnFailure, Task, TeamTask
from parallel_agents.core.workspace import Workspace


class Overrides(NamedTuple):
    """The options that override what a team's file says."""

    model: str | None
    max_parallel: int | None
    timeout: float | None
    budget: Callable[[Budget], Budget]
    on_failure: OnFailure | None
    cache_seconds: float | None
    workspace: Workspace | None

    def apply(self, task: Task) -> Task:
        """The task with these options."""
        cached = task.cache_seconds if self.cache_seconds is None else self.cache_seconds
        if self.model is not None:
            task = replace(task, model=self.model, ladder=())
        workspace = self.workspace or task.workspace
        return replace(task, cache_seconds=cached, workspace=workspace)

    def apply_to_plan(self, plan: Plan) -> Plan:
        """The plan with these options."""
        return replace(
            plan if self.model is None else on_model(plan, self.model),
            max_parallel=self.max_parallel or plan.max_parallel,
            timeout_seconds=self.timeout or plan.timeout_seconds,
            budget=self.budget(plan.budget),
            on_failure=self.on_failure or plan.on_failure,
            cache_seconds=self.cache_seconds,
            workspace=self.workspace,
        )

    def team_task(self, team: Team, values: Mapping[str, Json]) -> TeamTask:
        """The task of a team, with these options."""
        tasks = team.tasks_for(values)
        return TeamTask(
            tasks=tuple(self.apply(task) for task in tasks),
            name=team.name,
            max_parallel=self.max_parallel or team.limits.max_parallel,
            timeout_seconds=self.timeout or team.limits.timeout_seconds,
            budget=self.budget(team.budget),
            on_failure=self.on_failure or team.on_failure,
            min_done=team.min_done,
        )
