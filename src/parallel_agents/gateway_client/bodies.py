"""Bodies: what is started at a gateway, as its API takes it: names, texts and numbers.

What else a task can have is refused here, before anything is sent: code, commands, folders of this
machine, and definitions of agents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields, replace

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.fork import Fork
from parallel_agents.core.gate import AnyGate, ConditionGate, JudgeGate, Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.message import File
from parallel_agents.core.resolving import Resolver
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import AnyTask, OnFailure, Task, TeamTask
from parallel_agents.gateway_client.refusals import not_at_distance

_TAKEN = frozenset(
    {
        *("agent", "text", "input", "model", "label", "key", "limits", "priority"),
        *("cache_seconds", "budget", "gates", "refine", "tags"),
    }
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedTeam:
    """A team of the gateway's catalog, or one in files, and what it is given.

    Attributes:
        team: its name; with `files`, that of the first of them.
        files: the texts of team files by their names; empty for a team of the catalog.
        budget: the most that it may spend; an unbound one leaves the team's own.
        key: names the run, so that the same request again is the same run.
    """

    team: str
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    values: JsonObject = field(default_factory=dict[str, Json])
    model: str | None = None
    max_parallel: int | None = None
    timeout_seconds: float | None = None
    budget: Budget = NO_BUDGET
    on_failure: OnFailure | None = None
    cache_seconds: float | None = None
    key: str | None = None
    tags: Sequence[str] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Goal:
    """A goal that agents at the gateway plan and reach; see `POST /api/v1/goals`.

    Attributes:
        plan: the first of the files, which is a plan that somebody has made; None has one made.
        files: the texts of its files by their names.
        is_asked: whether a person must say yes to the plan before it runs.
        key: names the work, so that the same request again is the same run.
    """

    goal: str
    material: JsonObject = field(default_factory=dict[str, Json])
    agents: Sequence[str] = ()
    most_steps: int | None = None
    replans: int = 1
    plan: str | None = None
    files: Mapping[str, str] = field(default_factory=dict[str, str])
    is_plan_only: bool = False
    is_asked: bool = False
    model: str | None = None
    max_parallel: int | None = None
    timeout_seconds: float | None = None
    budget: Budget = NO_BUDGET
    key: str | None = None
    tags: Sequence[str] = ()


def goal_body(asked: Goal) -> dict[str, object]:
    """A goal as the gateway takes it."""
    plain = {each.name: getattr(asked, each.name) for each in fields(Goal) if each.name != "budget"}
    lists = {"agents": [*asked.agents], "tags": [*asked.tags]}
    return given_of({**plain, **lists, **budget_body(asked.budget)})


def named_team_body(asked: NamedTeam) -> dict[str, object]:
    """A team by its name or its files as the gateway takes it."""
    return given_of(
        {
            "team": asked.team,
            "files": {**asked.files} or None,
            "input": {**asked.values},
            "model": asked.model,
            "max_parallel": asked.max_parallel,
            "timeout_seconds": asked.timeout_seconds,
            "on_failure": asked.on_failure and asked.on_failure.value,
            "cache_seconds": asked.cache_seconds,
            "key": asked.key,
            "tags": [*asked.tags],
            **budget_body(asked.budget),
        }
    )


def resolver_body(resolver: Resolver) -> dict[str, object]:
    """Who resolves the conflicts of a merge, as the gateway takes it."""
    return given_of(
        {
            "agent": resolver.agent,
            "model": resolver.model,
            "timeout_seconds": resolver.timeout_seconds,
            "cache_seconds": resolver.cache_seconds,
            **budget_body(resolver.budget),
        }
    )


def team_body(team: TeamTask, key: str | None, tags: Sequence[str]) -> dict[str, object]:
    """The tasks of a team as the gateway takes them.

    Raises:
        NotAtDistance: a task has something else.
    """
    return given_of(
        {
            "tasks": [task_body(task) for task in team.tasks],
            "name": None if team.name == TeamTask(tasks=()).name else team.name,
            "model": team.model,
            "max_parallel": team.max_parallel,
            "timeout_seconds": team.timeout_seconds,
            "on_failure": team.on_failure.value,
            "min_done": team.min_done,
            "key": key,
            "tags": [*tags],
            **budget_body(team.budget),
        }
    )


def fork_body(fork: Fork) -> dict[str, object]:
    """A fork as the gateway takes it.

    Raises:
        NotAtDistance: it is to work in a folder.
    """
    if fork.workspace is not None:
        raise not_at_distance("a fork with a folder", "fork it on the machine that has the folder")
    plain: dict[str, object] = {
        "at": fork.at,
        "text": fork.text,
        "result": fork.result,
        "call": fork.call,
        "model": fork.model,
        "key": fork.key,
        "label": fork.label,
    }
    return given_of({**plain, **budget_body(fork.budget)})


def task_body(task: AnyTask) -> dict[str, object]:
    """The task as the gateway takes it.

    Raises:
        NotAtDistance: it has something else.
    """
    if not isinstance(task.agent, str):
        raise not_at_distance(
            "spawning an agent that is defined here", "name an agent of the gateway's catalog"
        )
    plain = Task(task.agent, task.text)
    for each in fields(Task):
        if each.name not in _TAKEN and getattr(task, each.name) != getattr(plain, each.name):
            raise not_at_distance(f"a task with {each.name!r}", "leave it out")
    if any(isinstance(value, File) for value in task.input.values()):
        raise not_at_distance("giving a file to a task")
    if task.limits != replace(Limits(), timeout_seconds=task.limits.timeout_seconds):
        raise not_at_distance("a task with limits other than its time limit")
    body: dict[str, object] = {
        "agent": task.agent,
        "text": task.text,
        "input": {**task.values},
        "model": task.model,
        "label": task.label,
        "key": task.key,
        "timeout_seconds": task.limits.timeout_seconds,
        "priority": task.priority,
        "cache_seconds": task.cache_seconds,
        "tags": [*task.tags],
        **gates_body(task.gates, task.refine),
    }
    return given_of({**body, **budget_body(task.budget)})


def gates_body(gates: Sequence[AnyGate], refine: Refine | None) -> dict[str, object]:
    """The checks of answers as the gateway takes them.

    Raises:
        NotAtDistance: one of them is something else than a condition or one judge.
    """
    conditions = [gate.condition for gate in gates if isinstance(gate, ConditionGate)]
    judges = [gate for gate in gates if isinstance(gate, JudgeGate)]
    if len(conditions) + len(judges) < len(gates) or len(judges) > 1:
        raise not_at_distance("a gate that is a command, a function or a second judge")
    found: dict[str, object] = {"conditions": conditions}
    for judge in judges:
        if judge != JudgeGate(rubric=judge.rubric):
            raise not_at_distance("a judge with more than its rubric")
        found["rubric"] = judge.rubric
    if refine is not None:
        if refine != Refine(rounds=refine.rounds):
            raise not_at_distance("a refinement with more than its rounds")
        found["rounds"] = refine.rounds
    return found


def budget_body(budget: Budget) -> dict[str, object]:
    """A budget as the gateway takes it; nothing for an unbound one."""
    if not budget.is_bound:
        return {}
    on_limit = None if budget.on_limit is None else budget.on_limit.value
    return {"budget_usd": budget.usd, "budget_tokens": budget.tokens, "on_limit": on_limit}


def given_of(body: Mapping[str, object]) -> dict[str, object]:
    """What of a body is given."""
    return {name: value for name, value in body.items() if value is not None}
