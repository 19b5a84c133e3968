"""Map prices: `price_rows` and `aprice_rows` say what a map would cost, and begin nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from parallel_agents.api.flow_calls import in_opened
from parallel_agents.api.map_calls import (
    MapCall,
    MapOptions,
    Rows,
    RowWork,
    WhichRows,
)
from parallel_agents.api.opening import given_options, open_parts
from parallel_agents.app.asked_map import AskedMap
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.map_price import MapPrice, price_map
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name, Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.batch import BatchSize
from parallel_agents.core.budget import NO_BUDGET, AnyBudget
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.pricing import pricing
from parallel_agents.core.task import OnFailure, OnFailureName
from parallel_agents.core.tool import Tool
from parallel_agents.maps.reducing import TEXT
from parallel_agents.maps.source import FormatName


@checked
async def aprice_rows(  # noqa: PLR0913 - the arguments of `amap_rows`
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
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> MapPrice:
    """Check all rows of a map, and return what they would cost at most; nothing is called or begun.

        price = await pa.aprice_rows(sorter, rows, text="Is this a bug? {text}", key="march", batch=10)
        print(price.rows, price.calls, price.cost_usd)

    Parameters and errors are those of `amap_rows`; with the key of a map, rows that are done cost nothing.
    """
    work = RowWork(agent, text, inputs, batch, timeout, cache_seconds, row_gates, refine)
    how = MapOptions(key, out, model, max_parallel, budget, on_failure, reduce, reduce_text)
    given = given_options(home, tools, agents, gates, models, settings, flows, tags)
    call = MapCall(WhichRows(rows, by, format, limit), work, how, given)
    asked = await asyncio.to_thread(call.asked, is_trial=True)
    async with open_parts(None, None, call.options) as app:
        return await _price(app, asked)


@checked
def price_rows(  # noqa: PLR0913 - the arguments of `map_rows`
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
    home: Path | Name | None = None,
    tools: Iterable[Tool | Callable[..., object]] = (),
    agents: Iterable[Agent[Any]] = (),
    gates: Iterable[Callable[..., object]] = (),
    flows: Iterable[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
    tags: Iterable[Name] = (),
) -> MapPrice:
    """`aprice_rows` for code that is not async; it also works in a running event loop.

        price = pa.price_rows("sorter", "reviews.csv", inputs={"text": "{comment}"}, batch=10)

    Parameters, result and errors are those of `aprice_rows`.
    """
    work = RowWork(agent, text, inputs, batch, timeout, cache_seconds, row_gates, refine)
    how = MapOptions(key, out, model, max_parallel, budget, on_failure, reduce, reduce_text)
    given = given_options(home, tools, agents, gates, models, settings, flows, tags)
    call = MapCall(WhichRows(rows, by, format, limit), work, how, given)
    asked = call.asked(is_trial=True)

    async def price(app: App) -> MapPrice:
        return await _price(app, asked)

    return in_opened(call.options, FlowFarewell("the map"), price)


async def _price(app: App, asked: AskedMap) -> MapPrice:
    with pricing() as missing:
        price = await price_map(app, asked.name, await asked.checked(app), asked.budget)
    return replace(price, missing_keys=missing.names)
