"""Map calls: rows as `map_rows` and `price_rows` are asked for them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated, Generic, NamedTuple, TypeAlias

import orjson

from parallel_agents.api.opening import Options
from parallel_agents.app.asked_map import AskedMap, Notation, Templates, wants_text
from parallel_agents.app.map_out import out_file
from parallel_agents.core.agent import Agent, T
from parallel_agents.core.budget import AnyBudget, as_budget
from parallel_agents.core.converted import GivenObject
from parallel_agents.core.gate import AnyGate, Refine
from parallel_agents.core.ids import make_name
from parallel_agents.core.limits import Limits
from parallel_agents.core.object_schema import properties
from parallel_agents.core.output_type import OutputType
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.takers import JSON_OBJECT, Taker, Wrong, is_mapping
from parallel_agents.core.task import OnFailure, OnFailureName
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_private_folder, open_private
from parallel_agents.maps.request import MapRequest
from parallel_agents.maps.source import Format, FormatName, Source, find_source
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
    Iterable[GivenObject] | Path | str, Taker(frozenset(), _take_rows, _TAKES)
]
_HOW = Notation("pass", 'text="{}"', 'inputs={{"{}": "{}"}}')
_FOLDER = "rows"


class WhichRows(NamedTuple):
    """The rows, and what is read of them."""

    rows: Rows
    by: str | None
    format: FormatName | None
    limit: int | None


class RowWork(NamedTuple, Generic[T]):
    """What is done with each row."""

    agent: str | Agent[T]
    text: str
    inputs: Mapping[str, object] | None
    batch: int
    timeout: float | None
    cache_seconds: float | None
    gates: Iterable[AnyGate]
    refine: Refine | None


class MapOptions(NamedTuple):
    """How all rows are done."""

    key: str | None
    out: Path | str | None
    model: str | None
    max_parallel: int | None
    budget: AnyBudget
    on_failure: OnFailureName
    reduce: str | None
    reduce_text: str


@dataclass(frozen=True, slots=True)
class MapCall(Generic[T]):
    """A map that a program wants done, or priced, in the words of `map_rows`.

    Attributes:
        given: what the program passes in.
        has_progress: whether a bar shows how far it is.
    """

    which: WhichRows
    work: RowWork[T]
    how: MapOptions
    given: Options
    has_progress: bool = False

    @property
    def options(self) -> Options:
        """What the program passes in, with the agent if it is a definition."""
        agent = self.work.agent
        if isinstance(agent, str):
            return self.given
        others = [each for each in self.given.get("agents", ()) if each is not agent]
        return {**self.given, "agents": [*others, agent]}

    @property
    def output_type(self) -> OutputType[T] | None:
        """The type of the answers, if the program has the agent and not only its name."""
        agent = self.work.agent
        return None if isinstance(agent, str) else agent.output_type

    def asked(self, *, is_trial: bool = False, kept_in: Path | None = None) -> AskedMap:
        """The map before the agent is known; rows that are no file are kept in the home.

        Args:
            is_trial: whether it is only priced, so that the rows of the map itself stay as they are.
            kept_in: a folder in which such rows are kept instead.

        Raises:
            InvalidInput: a row is not JSON, the key is not valid, or there is no such file.
        """
        given_home = self.given.get("home")
        home = read_environment(Path(given_home) if given_home else None).home
        which, work, how = self.which, self.work, self.how
        check_key(name := how.key or make_name())
        source = _source(which, kept_in or home, f"{name}.dry-run" if is_trial else name)
        file = out_file(None if how.out is None else str(how.out), home, name, source)
        request = MapRequest(
            agent=work.agent if isinstance(work.agent, str) else work.agent.name,
            text=work.text,
            key=which.by or "",
            source=replace(source, without=str(file)),
            out=str(file),
            on_failure=OnFailure(how.on_failure),
            reduce=how.reduce or "",
            reduce_text=how.reduce_text,
            limit=which.limit,
            limits=Limits(timeout_seconds=work.timeout),
            cache_seconds=work.cache_seconds,
            batch=work.batch,
            gates=tuple(work.gates),
            refine=work.refine,
        )
        read = partial(_templates, work.inputs or {})
        budget = as_budget(how.budget)
        return AskedMap(name, request, read, how.model, how.max_parallel, budget, _HOW)


def _source(which: WhichRows, home: Path, name: str) -> Source:
    if isinstance(which.rows, str | Path):
        format = None if which.format is None else Format(which.format)
        return find_source((str(which.rows),), format, Path.cwd())
    return _kept(which.rows, home, name)


def _kept(rows: Iterable[GivenObject], home: Path, name: str) -> Source:
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
