"""Begin team: a team of the catalog begins with the inputs, the model and the bounds that a client gives."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from parallel_agents.app.client import Client
from parallel_agents.app.plan_probes import probe_plan
from parallel_agents.catalog.team import Team
from parallel_agents.core.budget import Budget
from parallel_agents.core.plan import Plan, on_model, with_default_model
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import OnFailure, TeamTask
from parallel_agents.core.verbs import SessionVerbs, Spawned
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.settings import Environment


@dataclass(frozen=True, slots=True, kw_only=True)
class TeamRequest:
    """What a client gives to a team; None leaves the team's own.

    Attributes:
        key: names the run, so that the same request again is the same run.
        tags: what its costs are told by, besides the tags of its tasks.
    """

    values: JsonObject = field(default_factory=dict[str, Json])
    model: str | None = None
    budget: Budget | None = None
    timeout_seconds: float | None = None
    key: str | None = None
    tags: tuple[str, ...] = ()
    max_parallel: int | None = None
    on_failure: OnFailure | None = None
    cache_seconds: float | None = None

    def plan_of(self, team: Team) -> Plan:
        """The plan of a team that has one, with what is given.

        Raises:
            ValueError: it has none.
        """
        if team.plan is None:
            raise ValueError(f"{team.name} has no plan")
        plan = team.plan if self.model is None else on_model(team.plan, self.model)
        return replace(
            plan,
            budget=team.budget if self.budget is None else self.budget,
            max_parallel=self.max_parallel or plan.max_parallel,
            timeout_seconds=self.timeout_seconds or plan.timeout_seconds,
            on_failure=self.on_failure or plan.on_failure,
            cache_seconds=plan.cache_seconds if self.cache_seconds is None else self.cache_seconds,
        )


async def begin_team(
    client: Client,
    sessions: SessionVerbs,
    environment: Environment,
    team: Team,
    asked: TeamRequest,
) -> Spawned:
    """Start a team, or continue the run of that key.

    Args:
        client: the open home.
        sessions: the verbs of whoever asks.
        environment: the home and the project.
        team: the team.
        asked: what it is given.

    Raises:
        PagentsError: it cannot be started; nothing is stored.
    """
    if team.plan is not None:
        plan = plan_of(client, team, asked)
        filled = team.filled(asked.values)
        await probe_plan(client, environment, plan, filled)
        task = plan_task(plan, filled)
        return await sessions.spawn_flow(task, key=asked.key, tags=asked.tags)
    return await sessions.spawn_team(work_of(team, asked), key=asked.key, tags=asked.tags)


def plan_of(client: Client, team: Team, asked: TeamRequest) -> Plan:
    """The plan that a team which has one would begin."""
    # The worker may have another default.
    return with_default_model(asked.plan_of(team), client.settings.model)


def work_of(team: Team, asked: TeamRequest) -> TeamTask:
    """The tasks that a team without a plan would start.

    Raises:
        InvalidInput: it does not take these values.
    """
    tasks = team.tasks_for(asked.values)
    if asked.model is not None:
        tasks = [replace(task, model=asked.model, ladder=()) for task in tasks]
    if asked.cache_seconds is not None:
        tasks = [replace(task, cache_seconds=asked.cache_seconds) for task in tasks]
    return TeamTask(
        tasks=tuple(tasks),
        name=team.name,
        max_parallel=asked.max_parallel or team.limits.max_parallel,
        timeout_seconds=asked.timeout_seconds or team.limits.timeout_seconds,
        budget=team.budget if asked.budget is None else asked.budget,
        on_failure=asked.on_failure or team.on_failure,
        min_done=team.min_done,
    )
