"""Run plan: a team file whose tasks need each other, made ready, and what is said of its end."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from parallel_agents.app.client import App
from parallel_agents.app.web import search_engine
from parallel_agents.core.agent import Agent
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.gate import SourcesGate
from parallel_agents.core.ids import function_of
from parallel_agents.core.plan import Plan, Step, all_steps
from parallel_agents.core.plan_checks import RESERVED
from parallel_agents.core.plan_inputs import complete_input
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.core.template import fill_input, fill_text, paths_in, texts_in
from parallel_agents.errors import ConfigError
from parallel_agents.flows.plan_task import NAME, plan_task
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.prepare_models import prepare_team

SEARCH = "web_search"
_GLYPHS = {"done": "✔", "skipped": "○", "failed": "✖", "blocked": "✖"}


async def prepare_plan(
    app: App, environment: Environment, plan: Plan, values: Mapping[str, Json]
) -> FlowTask:
    """The plan as a task, once its agents can work and their models are ready.

    Raises:
        UnknownModel, MissingKey, InvalidInput, ConfigError: an agent could not do its work.
        PagentsError: a model cannot be started.
    """
    asked = plan_task(plan, values)
    inputs = complete_input(plan, values)
    created = {step.create.name for step in all_steps(plan) if step.create is not None}
    probes = {
        (name, step.model or plan.model, step.ladder, filled is None or step.id): _probe(
            app, plan, step, name, filled
        )
        for step, filled in [
            *((step, _first_values(step, inputs)) for step in plan.steps),
            *((inner, None) for step in plan.steps if step.plan for inner in all_steps(step.plan)),
        ]
        for name in step.agents
        if name not in created
    }
    tasks = tuple(probes.values())
    for task in tasks:
        _check_search(app, environment, task)
    plans = [await app.sessions.plan_task(task) for task in tasks]
    await prepare_team(app, TeamTask(tasks=tasks, model=plan.model), plans)
    return asked


def _check_search(app: App, environment: Environment, task: Task[Any]) -> None:
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


def _probe(
    app: App, plan: Plan, step: Step, name: str, filled: Mapping[str, Json] | None
) -> Task[Any]:
    """The task of an agent, or one that stands for it until the steps before have ended."""
    agent = app.catalog.agent(name)
    task: Task[Any] = Task(
        agent if filled is not None else replace(agent, input_schema=None),
        "-" if filled is None else fill_text(step.text, filled),
        input={} if filled is None else fill_input(step.input, filled),
        model=step.model or plan.model,
        ladder=step.ladder,
        gates=step.gates,
        refine=step.refine,
    )
    return task if filled is None else replace(task, workspace=plan.workspace)


def steps_of(result: Result) -> JsonObject:
    """How each step of a plan ended; empty if the result is not a plan's."""
    output = result.output_json
    if function_of(result.session_key) != NAME or not isinstance(output, Mapping):
        return {}
    steps = output.get("steps")
    return steps if isinstance(steps, Mapping) else {}


def tell_steps(result: Result) -> None:
    """Print the steps that are not done, and why; and what a reader should know of the whole."""
    for id, end in steps_of(result).items():
        if isinstance(end, Mapping) and end.get("status") != "done":
            status = str(end.get("status"))
            render.line(f"{_GLYPHS.get(status, '?')} {id}  {status}: {end.get('why', '')}")
    for notice in result.notices:
        render.note(f"Note: {notice}")
    if result.error is not None and not steps_of(result):
        render.result(result)
