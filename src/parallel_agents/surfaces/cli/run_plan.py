"""Run plan: a team file whose tasks need each other, made ready, and what is said of its end."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.app.client import App
from parallel_agents.app.plan_probes import probe_plan
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import function_of
from parallel_agents.core.plan import Plan
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.flows.plan_task import NAME, plan_task
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.prepare_models import prepare_team
from parallel_agents.views import format

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
    await prepare_team(app, *await probe_plan(app, environment, plan, values))
    return asked


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
    if steps_of(result) and result.error is not None and result.error.hint:
        render.note(f"  hint  {result.error.hint}")
    for notice in format.notices(result):
        render.note(f"Note: {notice}")
    if result.error is not None and not steps_of(result):
        render.result(result)
