"""Results: what a map came to, for programs, with its rows read from the file of results one by one."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, TypeVar

import orjson
from typing_extensions import override

from parallel_agents.core.dollars import cost_of
from parallel_agents.core.frozen import Frozen
from parallel_agents.core.output_type import Misfit, OutputType
from parallel_agents.core.run import Answered, Failure, Result, RunStatus, Typed
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.shown_results import MOST_SHOWN, counts_of, grid_of, text_of
from parallel_agents.core.usage import Spend
from parallel_agents.errors import InvalidInput, NoOutput
from parallel_agents.maps.results_file import CSV_SUFFIX

T_co = TypeVar("T_co", covariant=True)

# Of a line of the file, which a notebook shows.
_MOST_SHOWN_BYTES = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class MapRow(Answered[T_co]):
    """A row of a map with its result.

    Attributes:
        row: its position, from 1.
        columns: its values.
        status: how its run ended.
        output: the answer; an instance of the agent's output type if the program passed in an agent with
            one. If the row is not done it is a partial answer, or None; with an output type, reading it
            raises NoOutput then.
        output_json: the same as JSON or text, whatever the output type.
        error: why it is not done: code and message; None if it is.
        score: of the last gate or judge that gave one.
        cost_usd: what it used; None if a price is unknown, or it was cut off in a call.
        simulated_usd: what its calls of simulated models would have cost.
        session_key: of the row's session.
    """

    row: int
    columns: JsonObject
    status: RunStatus
    error: str | None
    score: float | None
    cost_usd: float | None
    session_key: str
    simulated_usd: float = 0.0

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE


@dataclass(frozen=True, slots=True, kw_only=True)
class MapResult(Frozen, Generic[T_co]):
    """What a map came to.

    Attributes:
        key: identifies the map; with it, the same map continues.
        status: `done` if each row is done, `partial` if some are.
        rows: how many rows it has.
        counts: how many rows ended with each status; a row that was not begun is in none.
        spend: what all rows used, in every run of the map.
        out: the file of results.
        reduced: the answer of the agent that got all results.
        error: why the map is not done; None if it is.
        notices: what to know before relying on it, such as that its answers are made up.
    """

    key: str
    status: RunStatus
    rows: int
    counts: Mapping[RunStatus, int]
    spend: Spend
    out: Path
    reduced: Json
    error: Failure | None
    notices: tuple[str, ...]
    _kind: OutputType[T_co] | None

    @property
    def is_done(self) -> bool:
        return self.status is RunStatus.DONE

    @property
    def cost_usd(self) -> float | None:
        """US dollars; None if a price is unknown, or a row was cut off in a call that may have been billed."""
        return self.spend.cost_usd

    @property
    def known_cost_usd(self) -> float:
        """What is known of the cost: all of it, or the least that it can be."""
        return self.spend.known_usd

    @property
    def simulated_usd(self) -> float:
        """What its calls of simulated models would have cost, in USD."""
        return self.spend.simulated_usd

    @override
    def __repr__(self) -> str:
        failed = f", error={f'{self.error.code} {self.error.message}'!r}" if self.error else ""
        cost = cost_of(self.spend)
        return f"MapResult({self.key!r}, {self.status}, {self._counts}, {cost}, out={str(self.out)!r}{failed})"

    def __rich_repr__(self) -> Iterator[tuple[str, object]]:
        """What `rich` prints."""
        yield "key", self.key
        yield "status", str(self.status)
        yield "rows", self._counts
        yield "cost", cost_of(self.spend)
        yield "out", str(self.out)
        if self.reduced is not None:
            yield "reduced", self.reduced
        if self.error:
            yield "error", f"{self.error.code} {self.error.message}"

    def _repr_html_(self) -> str:
        """What a notebook shows: a table of the first rows, in which nothing but text is from outside."""
        cost = cost_of(self.spend)
        rows, why_none = self._first_rows()
        return grid_of(
            f"{self.key} {self.status}, {self._counts}, {cost}",
            ("row", "columns", "status", "output"),
            rows,
            total=self.rows,
            notes=(
                f"{self.error.code} {self.error.message}" if self.error else "",
                "" if self.reduced is None else f"reduced: {text_of(self.reduced)}",
                f"all results: {self.out}",
                why_none,
            ),
        )

    @property
    def _counts(self) -> str:
        return counts_of(self.counts.items(), self.rows, "row")

    def _first_rows(self) -> tuple[list[tuple[str, ...]], str]:
        """The first rows as texts, as far as there are any that can be shown; and why no more."""
        rows: list[tuple[str, ...]] = []
        if self.out.suffix.lower() == CSV_SUFFIX:
            return rows, ""
        try:
            with self.out.open("rb") as lines:
                while len(rows) < MOST_SHOWN and (line := lines.readline(_MOST_SHOWN_BYTES)):
                    rows.append(_shown_row(line))
        except OSError as error:
            return rows, f"they cannot be read: {error.strerror or error}"
        except (ValueError, KeyError, TypeError):
            return rows, f"line {len(rows) + 1} cannot be shown"
        return rows, ""

    def results(self) -> Generator[MapRow[T_co]]:
        """The rows in order, read from the file of results one after another.

        Raises:
            InvalidInput: the file is a table, cannot be read, or has a line that no map has written.
        """
        if self.out.suffix.lower() == CSV_SUFFIX:
            raise InvalidInput(
                f"the results in {self.out} are a table",
                why="a cell of a table is text, whatever the answer was",
                hint="read it as a table, or have the results written to a .jsonl file",
            )
        try:
            with self.out.open("rb") as lines:
                for number, line in enumerate(lines, start=1):
                    yield self._row(number, line)
        except OSError as error:
            raise InvalidInput(
                f"the results in {self.out} cannot be read",
                why=error.strerror or str(error),
                hint="the same map with the same key writes them again, and pays for nothing twice",
            ) from error

    def _row(self, number: int, line: bytes) -> MapRow[T_co]:
        try:
            found: dict[str, Any] = orjson.loads(line)
            status, error = RunStatus(found["status"]), found["error"]
            told = None if error is None else f"{error['code']} {error['message']}"
            return MapRow(
                row=found["row"],
                columns=found["columns"],
                status=status,
                output_json=found["output"],
                _typed=self._typed(found["output"], f"row {found['row']}", status, told),
                error=told,
                score=found["score"],
                cost_usd=found["cost_usd"],
                session_key=found["session_key"],
                simulated_usd=found.get("simulated_usd", 0.0),
            )
        except (ValueError, KeyError, TypeError, Misfit) as error:
            raise InvalidInput(
                f"line {number} of {self.out} is not the result of a row",
                why=str(error),
                hint="the same map with the same key writes the file again",
            ) from error

    def _typed(
        self, answer: Json, row: str, status: RunStatus, error: str | None
    ) -> Typed[T_co] | None:
        if self._kind is None:
            return None
        if status is RunStatus.DONE:
            return Typed(self._kind.instance(answer))
        missing = NoOutput(
            f"{row} has no output: its run ended as {status}",
            why=error or "",
            hint="check is_done first; what there is of an answer is in output_json",
        )
        return Typed(missing=Failure.of(missing))


def _shown_row(line: bytes) -> tuple[str, ...]:
    """A line of the file as a row of a table."""
    found: dict[str, Any] = orjson.loads(line)
    error = found["error"]
    answer = found["output"]
    told = f"{error['code']} {error['message']}" if error else "no output"
    output = told if answer in (None, "") else text_of(answer)
    return str(found["row"]), text_of(found["columns"]), str(found["status"]), output


def map_result(
    key: str, result: Result, out: Path, kind: OutputType[T_co] | None
) -> MapResult[T_co]:
    """What the run of a map came to."""
    output = result.output_json
    found: JsonObject = output if isinstance(output, Mapping) else {}
    counts = {
        status: number
        for status in RunStatus
        if isinstance(number := found.get(status.value), int) and number
    }
    rows = found.get("rows")
    return MapResult(
        key=key,
        status=result.status,
        rows=rows if isinstance(rows, int) else 0,
        counts=counts,
        spend=result.total_spend,
        out=out,
        reduced=found.get("reduced"),
        error=result.error,
        notices=result.notices,
        _kind=kind,
    )
