"""Doing: `do` and `ado` have agents plan a goal, reach it, and report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from typing_extensions import Unpack

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import Options, letting_calls_end, open_parts
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.core.annotations import Count, Duration, Index, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.run import Result
from parallel_agents.orchestration.request import DO, DoRequest


class DoOptions(Options, total=False):
    """Further options of `ado` and `do`.

    Keys:
        input: what the steps may read, by name.
        only: the names of the agents that the plan may use; by default those of the library and of the
            program that need no folder.
        max_steps: the most steps of the plan, 1 to 30; 8 on the embedded model.
        replans: how often steps that failed are planned anew, 0 to 5; by default once.
        plan: a team file to do instead of a plan that is made.
        is_asked: whether a person must say yes to the plan, through the inbox.
        budget: the most that planning, the steps and the report may spend together.
    """

    input: Mapping[str, Any]
    only: Sequence[Name]
    max_steps: Count | None
    replans: Index
    plan: Path | Name | None
    is_asked: bool
    budget: Budget


@checked
async def ado(
    goal: str,
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    **options: Unpack[DoOptions],
) -> Result[Any]:
    """Have agents plan a goal, reach it, and report.

        result = await pa.ado("Write two posts about tea, and a title for both")
        print(result.output["report"])

    The orchestrator makes a plan, which is checked before anything of it runs. `output` has the `report`
    in Markdown, `steps` with how each ended, the `outputs` of the last ones, and the `plan`.

    Args:
        goal: what is to be reached.
        key: identifies it. The same key and goal continue where an earlier run stopped; what is done is
            not paid for again.
        model: `provider/model` for the orchestrator, and for agents that name none.
        max_parallel: the most runs at once.
        timeout: seconds for all of it.
        **options: see `DoOptions` and `Options`.

    Raises:
        CallerError: the goal, a plan that is given or an option cannot be accepted.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    farewell = FlowFarewell(DO)
    async with open_parts(None, None, options) as app, letting_calls_end(app, farewell):
        request = _request(app, goal, model, max_parallel, timeout, options)
        return await _run(app, request, key, farewell)


@checked
def do(
    goal: str,
    *,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    **options: Unpack[DoOptions],
) -> Result[Any]:
    """`ado` for code that is not async; it also works in a running event loop, as in a notebook.

        print(pa.do("Write two posts about tea, and a title for both").output["report"])

    Parameters, result and errors are those of `ado`; a Ctrl-C is that of `run`.
    """
    farewell = FlowFarewell(DO)

    async def work(app: App) -> Result[Any]:
        request = _request(app, goal, model, max_parallel, timeout, options)
        return await _run(app, request, key, farewell)

    return in_opened(options, farewell, work)


def _request(
    app: App,
    goal: str,
    model: str | None,
    max_parallel: int | None,
    timeout: float | None,
    options: DoOptions,
) -> DoRequest:
    """What is asked for.

    Raises:
        CallerError: it could only fail.
    """
    plan = options.get("plan")
    request = DoRequest(
        goal=goal,
        material=options.get("input", {}),
        agents=tuple(options.get("only", ())),
        most_steps=options.get("max_steps"),
        replans=options.get("replans", 1),
        is_asked=options.get("is_asked", False),
        model=model,
        max_parallel=max_parallel,
        timeout=timeout,
        budget=options.get("budget", NO_BUDGET),
    )
    if plan is not None:
        request = request.with_plan(app.catalog.plan(Path(plan)))
    app.orchestrator.check_request(request)
    return request


async def _run(app: App, request: DoRequest, key: str | None, farewell: FlowFarewell) -> Result:
    spawning = app.sessions.spawn_flow(request.flow_task(), key=key)
    return await flow_result(app, farewell, spawning)
