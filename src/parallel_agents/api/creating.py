"""Creating: `create_agent` and `acreate_agent` have an agent made, tested, reviewed and registered."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import Options, letting_calls_end, open_parts
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.annotations import Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, as_budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import make_flow_key
from parallel_agents.creating.created import Created, CreateOptions, Wanted, created_of
from parallel_agents.creating.request import create_task, request_key
from parallel_agents.errors import NotFound

_DEFAULTS = CreateOptions()


@checked
async def acreate_agent(  # noqa: PLR0913 - what runs it, too
    name: Name,
    purpose: Name,
    *,
    options: CreateOptions = _DEFAULTS,
    key: Name | None = None,
    model: Name | None = None,
    budget: AnyBudget = NO_BUDGET,
    home: Path | Name | None = None,
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> Created:
    """Have an agent made for a purpose, and registered if it is good enough.

        made = await pa.acreate_agent("sorter", "Sorts support tickets by kind and urgency")

    The same arguments continue what was begun, and nothing is paid for twice.

    Args:
        name: of the agent.
        purpose: what it is for, in a sentence or more.
        options: what it needs to be registered.
        key: identifies the work; None for one that is made from the arguments.
        model: `provider/model` for all calls but the reviews.
        budget: the most that it may cost.
        home: see `Options`.
        models: see `Options`.
        settings: see `Options`.
        tags: see `Options`.

    Raises:
        InvalidInput: the name is taken or is not a name, or there is no purpose.
        Conflict: the key is already used for another agent.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    task = create_task(
        Wanted(name=name, purpose=purpose), options, model=model, budget=as_budget(budget)
    )
    farewell = FlowFarewell("create_agent")
    opening = _options(home, models, settings, tags)
    async with open_parts(None, None, opening) as app, letting_calls_end(app, farewell):
        return await _run(app, task, options, key, farewell)


@checked
def create_agent(  # noqa: PLR0913 - what runs it, too
    name: Name,
    purpose: Name,
    *,
    options: CreateOptions = _DEFAULTS,
    key: Name | None = None,
    model: Name | None = None,
    budget: AnyBudget = NO_BUDGET,
    home: Path | Name | None = None,
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> Created:
    """`acreate_agent` for code that is not async; it also works in a running event loop.

        made = pa.create_agent("sorter", "Sorts support tickets by kind and urgency")

    Parameters, result and errors are those of `acreate_agent`; a Ctrl-C is that of `run`.
    """
    task = create_task(
        Wanted(name=name, purpose=purpose), options, model=model, budget=as_budget(budget)
    )
    farewell = FlowFarewell("create_agent")
    opening = _options(home, models, settings, tags)

    async def work(app: App) -> Created:
        return await _run(app, task, options, key, farewell)

    return in_opened(opening, farewell, work)


def _options(
    home: Path | str | None,
    models: Mapping[str, ModelFactory] | None,
    settings: Mapping[str, object] | None,
    tags: Iterable[str],
) -> Options:
    return Options(home=home, models=models or {}, settings=settings or {}, tags=tags)


async def _run(
    app: App, task: FlowTask, options: CreateOptions, key: str | None, farewell: FlowFarewell
) -> Created:
    key = key or request_key(task)
    try:
        await app.sessions.find(make_flow_key(task.name, key))
    except NotFound:
        app.keeping.check_free(task.label, options)
        app.keeping.check_tools(options)

    spawning = app.sessions.spawn_flow(task, key=key)
    result = await flow_result(app, farewell, spawning)
    return created_of(result, task.label, options)
