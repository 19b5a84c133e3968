"""Plans: `run_plan` and `arun_plan` run steps that are data to their end; `load_plan` reads them from a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple, cast

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import (
    Options,
    given_options,
    letting_calls_end,
    open_parts,
)
from parallel_agents.api.watching import watch_flow
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.app.parts import agents_by_name
from parallel_agents.app.plan_probes import probe_plan
from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked, options_of
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, Budget, as_budget
from parallel_agents.core.plan import Plan
from parallel_agents.core.plan_refusal import check_made_plan
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.takers import JSON_OBJECT, Wrong
from parallel_agents.core.tool import Tool
from parallel_agents.flows.function import joined
from parallel_agents.flows.plan_task import plan_task
from parallel_agents.settings import Environment, read_environment


class _Asked(NamedTuple):
    """A plan that is to be run.

    Attributes:
        inputs: the values of its inputs.
        key: of its run.
        has_progress: whether a bar shows it.
        options: the names of the caller's options, which may be meant by one that is no input.
    """

    plan: Plan
    inputs: JsonObject
    key: str | None
    has_progress: bool
    options: tuple[str, ...]


@checked
async def arun_plan(  # noqa: D417, PLR0913 - all else is input of the plan
    plan: Plan,
    *,
    key: Name | None = None,
    input: Mapping[str, object] | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
    **values: object,
) -> Result[Any]:
    """Run a plan to its end, and return its result.

        result = await pa.arun_plan(plan, topic="tea", key="tea")
        result.output["outputs"]["article"]

    Its output has the status of each step under `steps`, and what the last ones came to under
    `outputs`. The run is `partial` if only some steps are done. The same key, plan and inputs continue it:
    what is done is not paid for again, failed steps are tried again.

    Args:
        plan: made of `Step`, or read by `load_plan`.
        key: identifies the run.
        input: the inputs of the plan, which may also be passed by name.
        model: `provider/model` for steps that name none, unless the plan does.
        max_parallel: the most runs of the plan at once, instead of the plan's.
        timeout: seconds for all of the plan, instead of the plan's.
        budget: the most that its steps may spend together, instead of the plan's.
        progress: see `arun`.
        agents: see `Options`; steps name them.
        home, tools, gates, models, settings, tags: see `Options`.
        **values: inputs of the plan.

    Raises:
        InvalidInput: the plan could only fail, or does not take the inputs; the error names the step.
        UnknownModel, MissingKey, ConfigError: an agent could not do its step.
        Conflict: the key is already used for other work.
        StoreError: the store cannot be opened.
    """
    given = _given(plan, model, max_parallel, timeout, as_budget(budget))
    asked = _Asked(
        given, _inputs(joined(input, values, "arun_plan()")), key, progress, options_of(arun_plan)
    )
    options = given_options(home, tools, agents, gates, models, settings, (), tags)
    farewell = _farewell(plan)
    async with open_parts(None, None, options) as app, letting_calls_end(app, farewell):
        return await _run(app, _environment(home), asked, farewell)


@checked
def run_plan(  # noqa: PLR0913 - all else is input of the plan
    plan: Plan,
    *,
    key: Name | None = None,
    input: Mapping[str, object] | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
    **values: object,
) -> Result[Any]:
    """`arun_plan` for code that is not async; it also works in a running event loop, as in a notebook.

        result = pa.run_plan(pa.load_plan("research.yaml"), topic="tea", key="tea")

    Parameters, result and errors are those of `arun_plan`; a Ctrl-C is that of `run`.
    """
    given = _given(plan, model, max_parallel, timeout, as_budget(budget))
    asked = _Asked(
        given, _inputs(joined(input, values, "run_plan()")), key, progress, options_of(run_plan)
    )
    options: Options = given_options(home, tools, agents, gates, models, settings, (), tags)
    farewell = _farewell(plan)

    async def work(app: App) -> Result[Any]:
        return await _run(app, _environment(home), asked, farewell)

    return in_opened(options, farewell, work)


@checked
def load_plan(
    file: Path | Name, *, home: Path | Name | None = None, agents: Iterable[Agent[Any]] = ()
) -> Plan:
    """The plan in a team file, with the plans in the files that it names.

    A file whose tasks do not need each other is a plan, too: of tasks that all begin at once.

    Args:
        file: the path of a YAML file.
        home: see `Options`.
        agents: definitions that override those of the catalog.

    Raises:
        InvalidFile: it cannot be read, or could only fail; the error names the line.
        InvalidInput: two agents have one name.
        ConfigError: the settings of the project cannot be trusted.
    """
    environment = _environment(home)
    return Catalog(environment.folders, environment.accept).plan(
        Path(file), agents=agents_by_name(agents)
    )


def _environment(home: Path | str | None) -> Environment:
    return read_environment(Path(home) if home else None)


def _farewell(plan: Plan) -> FlowFarewell:
    return FlowFarewell(f"the plan {plan.name}")


def _given(
    plan: Plan,
    model: str | None,
    max_parallel: int | None,
    timeout: float | None,
    budget: Budget,
) -> Plan:
    return replace(
        plan,
        model=plan.model or model,
        max_parallel=max_parallel or plan.max_parallel,
        timeout_seconds=timeout or plan.timeout_seconds,
        budget=budget if budget.is_bound else plan.budget,
    )


def _inputs(values: Mapping[str, object]) -> JsonObject:
    try:
        return _json_object(values)
    except Wrong as wrong:
        raise wrong.refusal("the input", "the plan", is_needed=False) from None


def _json_object(values: Mapping[str, object]) -> JsonObject:
    return cast("JsonObject", JSON_OBJECT.take(values))


async def _run(
    app: App, environment: Environment, asked: _Asked, farewell: FlowFarewell
) -> Result[Any]:
    plan = asked.plan
    check_made_plan(plan, app.agent)
    task = plan_task(plan, asked.inputs, options=asked.options)
    await probe_plan(app, environment, plan, asked.inputs)
    watch = watch_flow if asked.has_progress else None
    return await flow_result(app, farewell, app.sessions.spawn_flow(task, key=asked.key), watch)
