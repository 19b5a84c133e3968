"""Plan probes: whether the agents of a plan could do its steps, found out before the first one is begun."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

from parallel_agents.app.client import Client
from parallel_agents.app.web import search_engine
from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import SourcesGate
from parallel_agents.core.plan import (
    PlacedStep,
    Plan,
    Step,
    all_steps,
    placed_steps,
)
from parallel_agents.core.plan_checks import RESERVED
from parallel_agents.core.plan_inputs import complete_input
from parallel_agents.core.schema import Json
from parallel_agents.core.store import SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.template import fill_input, fill_text, paths_in, texts_in
from parallel_agents.errors import ConfigError
from parallel_agents.settings import Environment

SEARCH = "web_search"


class Probes(NamedTuple):
    """Tasks that stand for the steps of a plan, and the sessions that they would have."""

    team: TeamTask
    plans: Sequence[SessionPlan]


class Probe(NamedTuple):
    """An agent of a step; the inputs that it reads, or None if it reads more than these."""

    placed: PlacedStep
    agent: str
    filled: Mapping[str, Json] | None

    @property
    def step(self) -> Step:
        return self.placed.step

    @property
    def label(self) -> str:
        return self.placed.label


async def probe_plan(
    app: Client, environment: Environment, plan: Plan, values: Mapping[str, Json]
) -> Probes:
    """What the steps of a plan would begin; nothing is begun.

    Raises:
        UnknownModel, MissingKey, InvalidInput, ConfigError: an agent could not do its work.
    """
    found = {_kind(each): each for each in _probes(plan, values)}
    tasks = tuple(probe_task(app, each) for each in found.values())
    for task in tasks:
        _check_search(app, environment, task)
    plans = [await app.sessions.plan_task(task) for task in tasks]
    return Probes(TeamTask(tasks=tasks, model=plan.model), plans)


def _probes(plan: Plan, values: Mapping[str, Json]) -> list[Probe]:
    """The agents of all steps, of the plans in them too."""
    inputs = complete_input(plan, values)
    created = {step.create.name for step in all_steps(plan) if step.create is not None}
    return [
        Probe(each, name, None if each.is_inner else _first_values(each.step, inputs))
        for each in placed_steps(plan)
        for name in each.step.agents
        if name not in created
    ]


def _kind(probe: Probe) -> tuple[object, ...]:
    """What is the same for steps that one session can stand for."""
    own = None if probe.filled is None else probe.label
    return probe.agent, probe.placed.model, probe.step.ladder, own


def _check_search(app: Client, environment: Environment, task: Task[Any]) -> None:
    """Refuse an agent that may cite only pages that it finds, where it can find none.

    Raises:
        ConfigError: no search engine is configured.
    """
    agent = task.agent
    if not isinstance(agent, Agent) or SEARCH not in agent.tools:
        return
    if any(isinstance(gate, SourcesGate) for gate in (*agent.gates, *task.gates)):
        try:
            search_engine(environment, app.settings)
        except ConfigError as error:
            why = error.why or f"{agent.name} may cite only pages that it has found"
            raise ConfigError(error.message, why=why, hint=error.hint) from error


def _first_values(step: Step, inputs: Mapping[str, Json]) -> Mapping[str, Json] | None:
    """The inputs of a plan, if they are all that a step reads, and it is sure to begin."""
    texts = texts_in({"text": step.text, "input": step.input})
    reads = {path[0] for _, text in texts for path in paths_in(text)}
    return None if step.needs or step.when or not reads.isdisjoint(RESERVED) else inputs


def probe_task(app: Client, probe: Probe) -> Task[Any]:
    """The task of an agent, or one that stands for it until the steps before have ended."""
    step, filled = probe.step, probe.filled
    agent = app.agent(probe.agent)
    task: Task[Any] = Task(
        agent if filled is not None else replace(agent, input_schema=None),
        "-" if filled is None else fill_text(step.text, filled),
        input={} if filled is None else fill_input(step.input, filled),
        model=probe.placed.model,
        ladder=step.ladder,
        gates=step.gates,
        refine=step.refine,
        budget=step.budget,
        cache_seconds=probe.placed.plan.cache_seconds,
    )
    return task if filled is None else replace(task, workspace=probe.placed.plan.workspace)
