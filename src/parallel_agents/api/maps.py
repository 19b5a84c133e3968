"""Maps: `map_rows` and `amap_rows` have one agent work on each row of an iterable, a table or files."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Annotated, Any, NamedTuple, TypeAlias

import orjson

from parallel_agents.api.flow_calls import flow_result, in_opened
from parallel_agents.api.opening import (
    Options,
    given_options,
    letting_calls_end,
    note_embedded,
    open_parts,
)
from parallel_agents.app.asked_map import AskedMap, Templates, wants_text
from parallel_agents.app.client import App
from parallel_agents.app.farewell import FlowFarewell
from parallel_agents.app.map_out import out_file
from parallel_agents.app.models import ModelFactory
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.annotations import Count, Duration, Name, Seconds
from parallel_agents.core.arguments import checked
from parallel_agents.core.budget import NO_BUDGET, AnyBudget, Budget, as_budget
from parallel_agents.core.ids import make_name
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import properties
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.takers import JSON_OBJECT, Taker, Wrong, is_mapping
from parallel_agents.core.task import OnFailure, TeamTask
from parallel_agents.core.tool import Tool
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


class _How(NamedTuple):
    """How the rows of a map are done."""

    by: str
    format: Format | None
    limit: int | None
    budget: Budget
    timeout: float | None
    cache_seconds: float | None
    on_failure: OnFailure
    reduce: str
    reduce_text: str


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
    format: Format | str | None = None,
    limit: Count | None = None,
    budget: AnyBudget = NO_BUDGET,
    timeout: Duration | None = None,
    cache_seconds: Seconds | None = None,
    on_failure: OnFailure | str = OnFailure.KEEP_GOING,
    reduce: Name | None = None,
    reduce_text: Name = TEXT,
    home: Path | Name | None = None,
    tools: Sequence[Tool | Callable[..., object]] = (),
    agents: Sequence[Agent[Any]] = (),
    gates: Sequence[Callable[..., object]] = (),
    flows: Sequence[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
) -> MapResult[T]:
    """Have an agent work on each row, and return what the map came to.

        found = await pa.amap_rows(sorter, rows, text="Is this a bug? {text}", key="march")

    All rows are read and checked before the first call; only some are in flight at once or in memory. A row
    that fails is a dead letter. The same key continues, pays for nothing again, and does new rows.

    Args:
        agent: the name of an agent, or a definition.
        rows: dictionaries, which are read once and kept in the home; or the path of a file, or a pattern.
        text: the task of each row: `{column}` stands for the value, `@{column}` for the file it names.
        inputs: inputs of the agent; text is a template like `text`, anything else the same for all rows.
        key, out: identifies the map; its file of results, `.jsonl` or `.csv`, by default in the home.
        by: the column by which rows are known; by default what is asked.
        format: of the file: `csv`, `jsonl` or `files`; by default as its name says.
        limit: the most rows, from the first.
        timeout, cache_seconds: as for a `Task`, for each row.
        model, max_parallel, budget, on_failure: see `arun`.
        reduce, reduce_text: an agent that gets all answers in the end, and what it is asked to do.
        home, tools, agents, gates, flows, models, settings: see `Options`.

    Raises:
        InvalidInput: there is no row, or a row, an input or the file of results is not valid.
        UnknownAgent, UnknownModel, MissingKey, Conflict, ConfigError, StoreError: as from `arun`.
    """
    how = _how(by, format, limit, budget, timeout, cache_seconds, on_failure, reduce, reduce_text)
    options = given_options(home, tools, agents, gates, models, settings, flows)
    asked = await asyncio.to_thread(
        _asked, agent, rows, text, inputs, key, out, model, max_parallel, home, how
    )
    given, farewell = _with_agent(options, agent), FlowFarewell("the map")
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
    by: Name | None = None,
    format: Format | str | None = None,
    limit: Count | None = None,
    budget: AnyBudget = NO_BUDGET,
    timeout: Duration | None = None,
    cache_seconds: Seconds | None = None,
    on_failure: OnFailure | str = OnFailure.KEEP_GOING,
    reduce: Name | None = None,
    reduce_text: Name = TEXT,
    home: Path | Name | None = None,
    tools: Sequence[Tool | Callable[..., object]] = (),
    agents: Sequence[Agent[Any]] = (),
    gates: Sequence[Callable[..., object]] = (),
    flows: Sequence[Callable[..., Awaitable[object]]] = (),
    models: Mapping[str, ModelFactory] | None = None,
    settings: Mapping[str, object] | None = None,
) -> MapResult[T]:
    """`amap_rows` for code that is not async; it also works in a running event loop, as in a notebook.

        found = pa.map_rows("sentiment", "reviews.csv", inputs={"text": "{comment}"}, key="march")

    Parameters, result and errors are those of `amap_rows`; a Ctrl-C is that of `run`.
    """
    how = _how(by, format, limit, budget, timeout, cache_seconds, on_failure, reduce, reduce_text)
    options = given_options(home, tools, agents, gates, models, settings, flows)
    asked = _asked(agent, rows, text, inputs, key, out, model, max_parallel, home, how)
    farewell = FlowFarewell("the map")

    async def work(app: App) -> MapResult[T]:
        return await _run(app, asked, _kind(agent), farewell)

    return in_opened(_with_agent(options, agent), farewell, work)


def _how(  # noqa: PLR0913 - arguments of `map_rows`
    by: str | None,
    format: Format | str | None,
    limit: int | None,
    budget: AnyBudget,
    timeout: float | None,
    cache_seconds: float | None,
    on_failure: OnFailure | str,
    reduce: str | None,
    reduce_text: str,
) -> _How:
    return _How(
        by=by or "",
        format=None if format is None else Format(format),
        limit=limit,
        budget=as_budget(budget),
        timeout=timeout,
        cache_seconds=cache_seconds,
        on_failure=OnFailure(on_failure),
        reduce=reduce or "",
        reduce_text=reduce_text,
    )


def _asked(  # noqa: PLR0913 - the arguments of `map_rows`
    agent: str | Agent[Any],
    rows: Rows,
    text: str,
    inputs: Mapping[str, object] | None,
    key: str | None,
    out: Path | str | None,
    model: str | None,
    max_parallel: int | None,
    given_home: Path | str | None,
    how: _How,
) -> AskedMap:
    home = read_environment(Path(given_home) if given_home else None).home
    check_key(name := key or make_name())
    source = _source(rows, how.format, home, name)
    file = out_file(None if out is None else str(out), home, name, source)
    request = MapRequest(
        agent=agent if isinstance(agent, str) else agent.name,
        text=text,
        key=how.by,
        source=replace(source, without=str(file)),
        out=str(file),
        on_failure=how.on_failure,
        reduce=how.reduce,
        reduce_text=how.reduce_text,
        limit=how.limit,
        limits=Limits(timeout_seconds=how.timeout),
        cache_seconds=how.cache_seconds,
    )
    read = partial(_templates, inputs or {})
    return AskedMap(name, request, read, model, max_parallel, how.budget, _HOW)


def _source(rows: Rows, format: Format | None, home: Path, name: str) -> Source:
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


def _with_agent(options: Options, agent: str | Agent[Any]) -> Options:
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
    first = found.first.task
    plan = await app.sessions.plan_task(first)
    if app.is_embedded_by_default(TeamTask(tasks=(first,), model=asked.model), [plan]):
        note_embedded()

    result = await flow_result(app, farewell, asked.begin(app, found.request))
    return map_result(asked.name, result, Path(found.request.out), kind)
