"""Flows: `run_flow` and `arun_flow` run a flow to its end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any, TypeVar

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import given_options, letting_calls_end, open_parts
from parallel_agents.api.watching import watch_flow
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked, options_of
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, as_budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.run import Result
from parallel_agents.core.tool import Tool
from parallel_agents.flows.function import FlowFunction, OnChange, OnChangeName, joined
from parallel_agents.sessions.typed import typed

T = TypeVar("T")


@checked
async def arun_flow(  # noqa: D417, PLR0913 - all else is input of the function
    function: Callable[..., Awaitable[T]],
    *,
    key: Name | None = None,
    input: Mapping[str, object] | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    on_change: OnChangeName = OnChange.REFUSE,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
    **values: object,
) -> Result[T]:
    """Run a flow to its end, and return its result: what the function returned is its `output`.

        result = await pa.arun_flow(launch, topic="tea", key="launch-tea")

    If the function raises, the result is `failed` and has the error. The same key and input continue a
    flow that is not done: steps that are done are not paid for again, failed ones are tried again.

    Args:
        function: takes the flow, then its input by name.
        key: identifies the flow.
        input: the function's arguments, which may also be passed by name.
        model: `provider/model` for tasks that name none.
        max_parallel: the most runs of the flow at once.
        timeout: seconds for all of the flow.
        budget: the most that its steps may spend together, with everything they spawn.
        on_change: what becomes of a stored flow whose steps are not those of the function.
        progress: see `arun`.
        home, tools, agents, gates, models, settings, tags: see `Options`.
        **values: arguments of the function.

    Raises:
        InvalidInput: the function cannot be a flow, or does not take the input.
        Conflict: the key is already used for different input.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    flow = FlowFunction(function, on_change=OnChange(on_change))
    task = flow.task(
        joined(input, values, "arun_flow()"),
        model=model,
        max_parallel=max_parallel,
        timeout=timeout,
        budget=as_budget(budget),
        options=options_of(arun_flow),
    )
    options = given_options(home, tools, agents, gates, models, settings, (), tags)
    farewell = FlowFarewell(task.name)
    async with open_parts(None, None, options, [flow]) as app, letting_calls_end(app, farewell):
        return typed(
            await _run(app, flow, task, key, farewell, progress=progress), flow.output_type
        )


@checked
def run_flow(  # noqa: PLR0913 - all else is input of the function
    function: Callable[..., Awaitable[T]],
    *,
    key: Name | None = None,
    input: Mapping[str, object] | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    on_change: OnChangeName = OnChange.REFUSE,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
    **values: object,
) -> Result[T]:
    """`arun_flow` for code that is not async; it also works in a running event loop, as in a notebook.

        result = pa.run_flow(launch, topic="tea", key="launch-tea")

    Parameters, result and errors are those of `arun_flow`; a Ctrl-C is that of `run`.
    """
    flow = FlowFunction(function, on_change=OnChange(on_change))
    task = flow.task(
        joined(input, values, "run_flow()"),
        model=model,
        max_parallel=max_parallel,
        timeout=timeout,
        budget=as_budget(budget),
        options=options_of(run_flow),
    )
    options = given_options(home, tools, agents, gates, models, settings, (), tags)
    farewell = FlowFarewell(task.name)

    async def work(app: App) -> Result[T]:
        return typed(
            await _run(app, flow, task, key, farewell, progress=progress), flow.output_type
        )

    return in_opened(options, farewell, work, [flow])


async def _run(
    app: App,
    flow: FlowFunction[Any],
    task: FlowTask,
    key: str | None,
    farewell: FlowFarewell,
    *,
    progress: bool,
) -> Result:
    spawning = app.sessions.spawn_flow(task, key=key)
    watch = watch_flow if progress else None
    return await flow_result(app, farewell, spawning, watch, flow.agents)
