"""Run plan: a team file whose tasks need each other, made ready, and what is said of its end."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.app.client import App
from parallel_agents.app.plan_probes import probe_plan
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.plan import Plan
from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.settings import Environment
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.prepare_models import prepare_team
from parallel_agents.views import format
from parallel_agents.views.plan_ends import not_done, steps_of


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


def tell_steps(result: Result) -> None:
    """Print the steps that are not done, and why; and what a reader should know of the whole."""
    for step in not_done(result):
        render.line(f"{step.glyph} {step.id}  {step.status}: {step.why}")
    if steps_of(result) and result.error is not None and result.error.hint:
        render.note(f"  hint  {result.error.hint}")
    for notice in format.notices(result):
        render.note(f"Note: {notice}")
    if result.error is not None and not steps_of(result):
        render.result(result)
