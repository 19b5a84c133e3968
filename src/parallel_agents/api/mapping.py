"""Mapping: `map` and `amap` have one agent do a few items, and return their results in order."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, TypeAlias, cast

from parallel_agents.api.opening import given_options
from parallel_agents.api.running import arun_call, run_call
from parallel_agents.api.team_calls import TeamCall, team_of
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.core.converted import GivenObject
from parallel_agents.core.hints import hint_for_fields
from parallel_agents.core.run import Result
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.takers import Taker, Wrong, is_iterable, is_mapping
from parallel_agents.core.task import OnFailure, OnFailureName, Task
from parallel_agents.core.tool import Tool
from parallel_agents.errors import InvalidInput

MOST_ITEMS = 1_000
_TAKES = "texts, or dictionaries with the agent's input"
TEXT = "Do this with the input."


def _take_items(value: object) -> object:
    """The items as a tuple; of a generator without an end, no more than are needed to refuse it."""
    if not is_iterable(value):
        raise Wrong(value, _TAKES, hint="for the rows of a file, call map_rows()")
    return tuple(islice(value, MOST_ITEMS + 1))


Items: TypeAlias = Annotated[Iterable[str | GivenObject], Taker(frozenset(), _take_items, _TAKES)]


@checked
async def amap(  # noqa: PLR0913 - as `arun`
    agent: str | Agent[T],
    items: Items,
    *,
    text: Name = TEXT,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    on_failure: OnFailureName = OnFailure.KEEP_GOING,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> list[Result[T]]:
    """Have an agent do each item, and return the results in the order of the items.

        kinds = [result.output for result in await pa.amap(sorter, ["No log-in", "Add a dark theme"])]

    It is `arun` with a task for each item. For many rows, or those of a file, there is `amap_rows`,
    which keeps neither rows nor results in memory.

    Args:
        agent: the name of an agent, or a definition.
        items: up to 1,000, or none; a text is the text of a task, a dictionary its input.
        text: the text of each task whose item is a dictionary.
        key: see `arun`.
        model: see `arun`.
        max_parallel: see `arun`.
        timeout: see `arun`.
        budget: see `arun`.
        on_failure: see `arun`.
        progress: see `arun`.
        home: see `Options`.
        tools: see `Options`.
        agents: see `Options`.
        gates: see `Options`.
        flows: see `Options`.
        models: see `Options`.
        settings: see `Options`.
        tags: see `Options`.

    Raises:
        InvalidInput: an item is neither a text nor a dictionary, or there are too many.
        CallerError: a task cannot be accepted; then none of them starts.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    tasks = tasks_of(agent, items, text, "amap()")
    if not tasks:
        return []
    team = team_of(tasks, model, timeout, budget, on_failure, None)
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    call = TeamCall(tasks, team, key, max_parallel, options, progress)
    return list((await arun_call(call)).results)


@checked
def map(  # noqa: PLR0913 - as `run`
    agent: str | Agent[T],
    items: Items,
    *,
    text: Name = TEXT,
    key: Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    timeout: Duration | None = None,
    budget: AnyBudget = NO_BUDGET,
    on_failure: OnFailureName = OnFailure.KEEP_GOING,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> list[Result[T]]:
    """`amap` for code that is not async; it also works in a running event loop, as in a notebook.

        kinds = [result.output for result in pa.map(sorter, ["No log-in", "Add a dark theme"])]

    Parameters, result and errors are those of `amap`; a Ctrl-C is that of `run`.
    """
    tasks = tasks_of(agent, items, text, "map()")
    if not tasks:
        return []
    team = team_of(tasks, model, timeout, budget, on_failure, None)
    options = given_options(home, tools, agents, gates, models, settings, flows, tags)
    return list(run_call(TeamCall(tasks, team, key, max_parallel, options, progress)).results)


def tasks_of(
    agent: str | Agent[T], items: Iterable[object], text: str, owner: str
) -> tuple[Task[T], ...]:
    """A task for each item.

    Raises:
        InvalidInput: an item is neither a text nor a dictionary, or there are too many.
    """
    tasks: list[Task[T]] = []
    for number, item in enumerate(items, start=1):
        if number > MOST_ITEMS:
            raise InvalidInput(
                f"{owner} got more than {MOST_ITEMS:,} items",
                why="it keeps all of them and their results in memory",
                hint="call map_rows(), which does any number of rows",
            )
        if isinstance(item, str):
            tasks.append(Task(agent, item))
        elif is_mapping(item):
            tasks.append(Task(agent, text, input=_named(item)))
        else:
            takes = "a text, or a dictionary with the agent's input"
            wrong = Wrong(item, takes, hint=hint_for_fields(item))
            raise wrong.at(f"item {number}").refusal("items", owner, is_needed=True)
    return tuple(tasks)


def _named(item: Mapping[object, object]) -> JsonObject:
    return cast("JsonObject", item)  # as whatever a task is given as its input, which it checks
