"""Doing: `do` and `ado` have agents plan a goal, reach it, and report."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import given_options, letting_calls_end, open_parts
from parallel_agents.api.watching import watch_flow
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent
from parallel_agents.core.annotations import Count, Duration, Index, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, as_budget
from parallel_agents.core.run import Result
from parallel_agents.core.tool import Tool
from parallel_agents.orchestration.request import DO, DoRequest


@checked
async def ado(  # noqa: D417, PLR0913 - each is a decision of its own
    goal: str,
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    input: Mapping[str, Any] | None = None,
    only: Iterable[Name] = (),
    max_steps: Count | None = None,
    replans: Index = 1,
    plan: Path | Name | None = None,
    is_asked: bool = False,
    budget: AnyBudget = NO_BUDGET,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> Result[Any]:
    """Have agents plan a goal, reach it, and report.

        result = await pa.ado("Write two posts about tea, and a title for both")
        print(result.output["report"])

    The orchestrator makes a plan, which is checked before anything of it runs. `output` has the `report`
    in Markdown, `steps` with how each ended, the `outputs` of the last ones, and the `plan`.

    Args:
        goal: what is to be reached.
        key: identifies it. The same key and goal continue, and pay for nothing again.
        model: `provider/model` for the orchestrator, and for agents that name none.
        max_parallel: the most runs at once.
        timeout: seconds for all of it.
        input: what the steps may read, by name.
        only: the names of the agents that the plan may use; by default all that need no folder.
        max_steps: the most steps of the plan, 1 to 30; 8 on the embedded model.
        replans: how often steps that failed are planned anew, 0 to 5; by default once.
        plan: a team file to do instead of a plan that is made.
        is_asked: whether a person must say yes to the plan, through the inbox.
        budget: the most that planning, the steps and the report may spend together.
        progress: see `arun`.
        home, tools, agents, gates, flows, models, settings, tags: see `Options`.

    Raises:
        CallerError: the goal, a plan that is given or an option cannot be accepted.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    asked = _asked(
        goal, input, only, max_steps, replans, is_asked, model, max_parallel, timeout, budget
    )
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    farewell = FlowFarewell(DO)
    async with open_parts(None, None, options) as app, letting_calls_end(app, farewell):
        request = _checked(app, asked, plan)
        return await _run(app, request, key, farewell, progress=progress)


@checked
def do(  # noqa: PLR0913 - as `ado`
    goal: str,
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    input: Mapping[str, Any] | None = None,
    only: Iterable[Name] = (),
    max_steps: Count | None = None,
    replans: Index = 1,
    plan: Path | Name | None = None,
    is_asked: bool = False,
    budget: AnyBudget = NO_BUDGET,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> Result[Any]:
    """`ado` for code that is not async; it also works in a running event loop, as in a notebook.

        print(pa.do("Write two posts about tea, and a title for both").output["report"])

    Parameters, result and errors are those of `ado`; a Ctrl-C is that of `run`.
    """
    asked = _asked(
        goal, input, only, max_steps, replans, is_asked, model, max_parallel, timeout, budget
    )
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    farewell = FlowFarewell(DO)

    async def work(app: App) -> Result[Any]:
        request = _checked(app, asked, plan)
        return await _run(app, request, key, farewell, progress=progress)

    return in_opened(options, farewell, work)


def _asked(  # noqa: PLR0913 - the arguments of `do`
    goal: str,
    input: Mapping[str, Any] | None,
    only: Iterable[str],
    max_steps: int | None,
    replans: int,
    is_asked: bool,
    model: str | None,
    max_parallel: int | None,
    timeout: float | None,
    budget: AnyBudget,
) -> DoRequest:
    return DoRequest(
        goal=goal,
        material=input or {},
        agents=tuple(only),
        most_steps=max_steps,
        replans=replans,
        is_asked=is_asked,
        model=model,
        max_parallel=max_parallel,
        timeout=timeout,
        budget=as_budget(budget),
    )


def _checked(app: App, request: DoRequest, plan: Path | str | None) -> DoRequest:
    """What is asked for, with the plan in a file if there is one.

    Raises:
        CallerError: it could only fail.
    """
    if plan is not None:
        request = request.with_plan(app.catalog.plan(Path(plan)))
    app.orchestrator.check_request(request)
    return request


async def _run(
    app: App, request: DoRequest, key: str | None, farewell: FlowFarewell, *, progress: bool
) -> Result:
    spawning = app.sessions.spawn_flow(request.flow_task(), key=key)
    return await flow_result(app, farewell, spawning, watch_flow if progress else None)
