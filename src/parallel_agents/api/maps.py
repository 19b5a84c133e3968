"""Maps: `map_rows` and `amap_rows` have one agent work on each row of an iterable, a table or files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import orjson
from typing_extensions import Unpack

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import (
    Options,
    letting_calls_end,
    open_parts,
)
from parallel_agents.app.asked_map import AskedMap, Templates, wants_text
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.map_out import out_file
from parallel_agents.app.map_price import MapPrice, price_map
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name, Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.batch import BatchSize
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.ids import make_name
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import properties
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.takers import JSON_OBJECT, Taker, Wrong, is_mapping
from parallel_agents.core.task import OnFailure
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_private_folder, open_private
from parallel_agents.maps.reducing import TEXT
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.results import MapResult, map_result
from parallel_agents.maps.source import Format, Source, find_source
from parallel_agents.sessions.requests import check_key
from parallel_agents.settings import read_environment


def _take_rows(value: object) -> object:
    """Rows as they are: a generator is not walked before it is kept."""
    if not _may_be_rows(value):
        raise Wrong(value, _TAKES, hint="a table of pandas has them by .to_dict('records')")
    return value


def _may_be_rows(value: object) -> bool:
    if isinstance(value, str):
        return bool(value.strip())
    return isinstance(value, Iterable | Path) and not isinstance(value, bytes | Mapping)


_TAKES = "dictionaries, or the path of a file or a pattern"
Rows: TypeAlias = Annotated[
    Iterable[JsonObject] | Path | str, Taker(frozenset(), _take_rows, _TAKES)
]
_HOW = 'pass text="Classify: {column}", or inputs={"name": "{column}"} for an input of the agent'
_FOLDER = "rows"


class MapOptions(Options, total=False):
    """Further options of `map_rows` and `amap_rows`.

    Keys:
        by: the column by which rows are known; by default what is asked.
        format: what a file has: `csv`, `jsonl` or `files`; by default as its name says.
        limit: the most rows, from the first.
        budget: the most that all rows may spend together.
        timeout: seconds for each row.
        cache_seconds: as for a `Task`, for each row.
        on_failure: what happens to the other rows when one fails; by default they continue.
        reduce: the name of an agent that gets all answers in the end.
        reduce_text: what it is asked to do.
        batch: how many rows are asked in one call, 1 to 100; by default each has its own.
        row_gates: checks that each row's answer must pass in addition to the agent's.
        refine: a loop that improves a rejected answer.
    """

    by: Name
    format: Format | str
    limit: Count | None
    budget: Budget
    timeout: Duration | None
    cache_seconds: Seconds | None
    on_failure: OnFailure | str
    reduce: Name
    reduce_text: Name
    batch: BatchSize
    row_gates: Sequence[AnyGate]
    refine: Refine | None


@checked
async def amap_rows(  # noqa: PLR0913 - what a row is asked, and how all are done
    agent: str | Agent[T],
    rows: Rows,
    *,
    text: str = "",
    inputs: Mapping[str, object] | None = None,
    key: Name | None = None,
    out: Path | Name | None = None,
    model: Name | None = None,
    max_parallel: Count | None = None,
    **options: Unpack[MapOptions],
) -> MapResult[T]:
    """Have an agent work on each row, and return what the map came to.

        found = await pa.amap_rows(sorter, rows, text="Is this a bug? {text}", key="march")
        for row in found.results():
            print(row.columns["id"], row.output)

    Only some rows are in flight at once, and neither rows nor results are kept in memory. All rows are read
    and checked before the first call. A row that fails is a dead letter, and the others continue. The
    same key continues: rows that are done are not paid for again, new rows are done.

    Args:
        agent: the name of an agent, or a definition.
        rows: dictionaries; or the path of a CSV or JSONL file, or a pattern such as `src/**/*.py`. An
            iterable is read once, and kept in the home.
        text: the task of each row: `{column}` stands for the value, `@{column}` for the content of the
            file that it names.
        inputs: inputs of the agent; text is a template like `text`, anything else the same for all rows.
        key: identifies the map.
        out: the file of results, `.jsonl` or `.csv`; by default one in the home.
        model: `provider/model` for an agent that names none.
        max_parallel: the most rows at once.
        **options: see `MapOptions` and `Options`.

    Raises:
        InvalidInput: a row is not valid, or there is none; the agent takes no such input; the file
            of results cannot be written, or is not of this map.
        BatchRefused: the agent cannot be asked for several rows in one call.
        UnknownAgent, UnknownModel, MissingKey: the agent could not do a row.
        Conflict: the key is already used for another map.
        ConfigError, StoreError: the settings are not valid, or the store cannot be opened.
    """
    asked = await asyncio.to_thread(
        _asked, agent, rows, text, inputs, key, out, model, max_parallel, options
    )
    farewell = FlowFarewell("the map")
    given = _with_agent(options, agent)
    async with open_parts(None, None, given) as app, letting_calls_end(app, farewell):
        return await _run(app, asked, _kind(agent), farewell)


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
    **options: Unpack[MapOptions],
) -> MapResult[T]:
    """`amap_rows` for code that is not async; it also works in a running event loop, as in a notebook.

        found = pa.map_rows("sentiment", "reviews.csv", inputs={"text": "{comment}"}, key="march")

    Parameters, result and errors are those of `amap_rows`; a Ctrl-C is that of `run`.
    """
    asked = _asked(agent, rows, text, inputs, key, out, model, max_parallel, options)
    farewell = FlowFarewell("the map")

    async def work(app: App) -> MapResult[T]:
        return await _run(app, asked, _kind(agent), farewell)

    return in_opened(_with_agent(options, agent), farewell, work)


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
    **options: Unpack[MapOptions],
) -> MapPrice:
    """Check all rows of a map, and return what they would cost at most; nothing is called or begun.

        price = await pa.aprice_rows(sorter, rows, text="Is this a bug? {text}", key="march", batch=10)
        print(price.rows, price.calls, price.cost_usd)

    Parameters and errors are those of `amap_rows`; with the key of a map, rows that are done cost nothing.
    """
    asked = await asyncio.to_thread(
        _asked, agent, rows, text, inputs, key, out, model, max_parallel, options, is_trial=True
    )
    async with open_parts(None, None, _with_agent(options, agent)) as app:
        return await price_map(app, asked.name, await asked.checked(app))


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
    **options: Unpack[MapOptions],
) -> MapPrice:
    """`aprice_rows` for code that is not async; it also works in a running event loop.

        price = pa.price_rows("sorter", "reviews.csv", inputs={"text": "{comment}"}, batch=10)

    Parameters, result and errors are those of `aprice_rows`.
    """
    asked = _asked(agent, rows, text, inputs, key, out, model, max_parallel, options, is_trial=True)

    async def work(app: App) -> MapPrice:
        return await price_map(app, asked.name, await asked.checked(app))

    return in_opened(_with_agent(options, agent), FlowFarewell("the map"), work)


def _asked(  # noqa: PLR0913 - the arguments of `map_rows`
    agent: str | Agent[Any],
    rows: Rows,
    text: str,
    inputs: Mapping[str, object] | None,
    key: str | None,
    out: Path | str | None,
    model: str | None,
    max_parallel: int | None,
    options: MapOptions,
    *,
    is_trial: bool = False,
) -> AskedMap:
    given_home = options.get("home")
    home = read_environment(Path(given_home) if given_home else None).home
    check_key(name := key or make_name())
    source = _source(rows, options, home, f"{name}.dry-run" if is_trial else name)
    file = out_file(None if out is None else str(out), home, name, source)
    request = MapRequest(
        agent=agent if isinstance(agent, str) else agent.name,
        text=text,
        key=options.get("by", ""),
        source=replace(source, without=str(file)),
        out=str(file),
        on_failure=OnFailure(options.get("on_failure", OnFailure.KEEP_GOING)),
        reduce=options.get("reduce", ""),
        reduce_text=options.get("reduce_text", TEXT),
        limit=options.get("limit"),
        limits=Limits(timeout_seconds=options.get("timeout")),
        cache_seconds=options.get("cache_seconds"),
        batch=options.get("batch", 1),
        gates=tuple(options.get("row_gates", ())),
        refine=options.get("refine"),
    )
    budget = options.get("budget", NO_BUDGET)
    read = partial(_templates, inputs or {})
    return AskedMap(name, request, read, model, max_parallel, budget, _HOW)


def _source(rows: Rows, options: MapOptions, home: Path, name: str) -> Source:
    given = options.get("format")
    format = None if given is None else Format(given)
    if isinstance(rows, str | Path):
        return find_source((str(rows),), format, Path.cwd())
    path = home / _FOLDER / f"{name}.rows"
    make_private_folder(path.parent)
    part = path.with_name(f".{path.name}.part")
    part.unlink(missing_ok=True)
    with open_private(part) as kept:
        for number, row in enumerate(rows, start=1):
            kept.write(_line(number, row) + b"\n")
    part.replace(path)
    return Source(
        format=Format.JSONL, paths=(str(path),), folder=str(Path.cwd()), title="the given rows"
    )


def _line(number: int, row: object) -> bytes:
    if not is_mapping(row):
        raise InvalidInput(
            f"row {number:,} of rows is a {type(row).__name__}",
            why="a row is a dictionary with its columns",
            hint="a table of pandas has rows by .to_dict('records')",
        )
    try:
        return orjson.dumps(dict(row), option=orjson.OPT_SERIALIZE_NUMPY)
    except TypeError as error:
        raise InvalidInput(
            f"row {number:,} of rows is not JSON",
            why=str(error),
            hint="make each value text, a number, a list or a dictionary",
        ) from error


def _templates(inputs: Mapping[str, object], schema: JsonObject | None) -> Templates:
    known = properties(schema or {})
    for name in inputs:
        if schema is not None and known and name not in known:
            raise InvalidInput(f"the agent has no input {name!r}", hint=did_you_mean(name, known))
    texts = {name: value for name, value in inputs.items() if isinstance(value, str)}
    literals = {name: value for name, value in inputs.items() if name not in texts}
    try:
        JSON_OBJECT.take(literals)
    except Wrong as wrong:
        raise wrong.refusal("inputs", "map_rows()", is_needed=False) from None
    return Templates(
        texts,
        orjson.loads(orjson.dumps(literals)),
        tuple(name for name in texts if not wants_text(name, schema)),
    )


def _with_agent(options: MapOptions, agent: str | Agent[Any]) -> Options:
    if isinstance(agent, str):
        return options
    others = [each for each in options.get("agents", ()) if each is not agent]
    return {**options, "agents": [*others, agent]}


def _kind(agent: str | Agent[T]) -> OutputType[T] | None:
    return None if isinstance(agent, str) else agent.output_type


async def _run(
    app: App, asked: AskedMap, kind: OutputType[T] | None, farewell: FlowFarewell
) -> MapResult[T]:
    found = await asked.checked(app)
    await app.sessions.plan_task(found.first.task)  # refuses a model that no row could be done on
    result = await flow_result(app, farewell, asked.begin(app, found.request))
    return map_result(asked.name, result, Path(found.request.out), kind)
