"""Maps: `map_rows` and `amap_rows` have one agent work on each row of an iterable, a table or files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.map_calls import (
    MapCall,
    MapOptions,
    Rows,
    RowWork,
    WhichRows,
)
from parallel_agents.api.opening import LOG, given_options, letting_calls_end, open_parts
from parallel_agents.api.watching import watch_map
from parallel_agents.app.asked_map import AskedMap
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.models import ModelFactory
from parallel_agents.app.own_rows import OwnRows
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name, Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.batch import BatchSize
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.task import OnFailure, OnFailureName
from parallel_agents.core.tool import Tool
from parallel_agents.maps.reducing import TEXT
from parallel_agents.maps.results import MapResult, map_result
from parallel_agents.maps.source import FormatName


@checked
async def amap_rows(  # noqa: D417, PLR0913 - what a row is asked, and how all are done
    agent: str | Agent[T],
    rows: Rows,
    *,
    text: str = "",
    inputs: Mapping[str, object] | None = None,
    key: Name | None = None,
    out: Path | Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    by: Name | None = None,
    format: FormatName | None = None,
    limit: Count | None = None,
    batch: BatchSize = 1,
    budget: AnyBudget = NO_BUDGET,
    timeout: Duration | None = None,
    cache_seconds: Seconds | None = None,
    on_failure: OnFailureName = OnFailure.KEEP_GOING,
    row_gates: Iterable[AnyGate] = (),
    refine: Refine | None = None,
    reduce: Name | None = None,
    reduce_text: Name = TEXT,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> MapResult[T]:
    """Have an agent work on each row, and return what the map came to.

        found = await pa.amap_rows(sorter, rows, text="Is this a bug? {text}", key="march")

    A row that fails is a dead letter. The same key continues, pays for nothing again, and does new rows.

    Args:
        agent: the name of an agent, or a definition.
        rows: dictionaries, kept in the home; or a path, or a pattern. All are checked before the first call.
        text: the task of each row: `{column}` stands for the value, `@{column}` for the file it names.
        inputs: inputs of the agent; text is a template like `text`, anything else the same for all rows.
        key, out: identifies the map; its file of results, `.jsonl` or `.csv`, by default in the home.
        by, limit: the column by which rows are known, by default what is asked; the most rows, from the first.
        format: of the file: `csv`, `jsonl` or `files`; by default as its name says.
        batch: how many rows are asked in one call, 1 to 100; some agents can only be asked for one.
        timeout, cache_seconds, row_gates, refine: as for a `Task`, for each row.
        model, max_parallel, budget, on_failure, progress: see `arun`.
        reduce, reduce_text: an agent that gets all answers in the end, and what it is asked to do.
        home, tools, agents, gates, flows, models, settings, tags: see `Options`.

    Raises:
        InvalidInput, BatchRefused: a row, an input, a batch or the file of results is not valid.
        UnknownAgent, UnknownModel, MissingKey, Conflict, ConfigError, StoreError: as from `arun`.
    """
    work = RowWork(agent, text, inputs, batch, timeout, cache_seconds, row_gates, refine)
    how = MapOptions(key, out, model, max_parallel, budget, on_failure, reduce, reduce_text)
    given = given_options(home, tools, agents, gates, models, settings, flows, tags)
    return await _arun(MapCall(WhichRows(rows, by, format, limit), work, how, given, progress))


@checked
def map_rows(  # noqa: PLR0913 - what a row is asked, and how all are done
    agent: str | Agent[T],
    rows: Rows,
    *,
    text: str = "",
    inputs: Mapping[str, object] | None = None,
    key: Name | None = None,
    out: Path | Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    by: Name | None = None,
    format: FormatName | None = None,
    limit: Count | None = None,
    batch: BatchSize = 1,
    budget: AnyBudget = NO_BUDGET,
    timeout: Duration | None = None,
    cache_seconds: Seconds | None = None,
    on_failure: OnFailureName = OnFailure.KEEP_GOING,
    row_gates: Iterable[AnyGate] = (),
    refine: Refine | None = None,
    reduce: Name | None = None,
    reduce_text: Name = TEXT,
    progress: bool = False,
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> MapResult[T]:
    """`amap_rows` for code that is not async; it also works in a running event loop, as in a notebook.

        found = pa.map_rows("sentiment", "reviews.csv", inputs={"text": "{comment}"}, key="march")

    Parameters, result and errors are those of `amap_rows`; a Ctrl-C is that of `run`.
    """
    work = RowWork(agent, text, inputs, batch, timeout, cache_seconds, row_gates, refine)
    how = MapOptions(key, out, model, max_parallel, budget, on_failure, reduce, reduce_text)
    given = given_options(home, tools, agents, gates, models, settings, flows, tags)
    call = MapCall(WhichRows(rows, by, format, limit), work, how, given, progress)
    asked, farewell = call.asked(), FlowFarewell("the map")

    async def do(app: App) -> MapResult[T]:
        return await _result(app, call, asked, farewell)

    return in_opened(call.options, farewell, do)


async def _arun(call: MapCall[T]) -> MapResult[T]:
    asked, farewell = await asyncio.to_thread(call.asked), FlowFarewell("the map")
    async with open_parts(None, None, call.options) as app, letting_calls_end(app, farewell):
        return await _result(app, call, asked, farewell)


async def _result(
    app: App, call: MapCall[T], asked: AskedMap, farewell: FlowFarewell
) -> MapResult[T]:
    own, watch = OwnRows(asked, app, LOG.warning), watch_map if call.has_progress else None
    while True:
        found = await own.checked()
        # Refuses a model that no row could be done on.
        await app.sessions.plan_task(found.first.task)
        result = await flow_result(app, farewell, own.begin(found.request), watch)
        if not own.is_next:
            return map_result(asked.name, result, Path(found.request.out), call.output_type)
