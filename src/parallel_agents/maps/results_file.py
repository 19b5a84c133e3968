"""Results file: a map's results as JSONL or CSV, in the order of the rows, each line whole.

A run of the map writes a new file beside the old one, and puts it into its place once it has all that
was there before. From then on it appends whole lines.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Mapping, Sequence
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Self

import orjson

from parallel_agents.core.run import Result
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput
from parallel_agents.files import make_folders
from parallel_agents.maps.row import Row
from parallel_agents.maps.template import as_text
from parallel_agents.maps.window import Accepted

CSV_SUFFIX = ".csv"
_MODE = 0o600
_CHUNK = 1 << 20


class ResultsFile:
    """The file that a map's results are written to.

    Args:
        path: an absolute path; CSV if it ends in `.csv`, else JSONL.
        fields: the fields of the agent's answers, each a column of a CSV file; none for one column.
        map: identifies the map, whose part of a file is not that of another one.
        hidden: the columns of rows that are left out.

    Raises:
        InvalidInput: it cannot be written; from each method.
    """

    def __init__(
        self, path: Path, fields: Sequence[str], map: str = "", *, hidden: Sequence[str] = ()
    ) -> None:
        self._hidden = frozenset(hidden)
        self._path = path
        self._fields = fields
        self._is_csv = path.suffix.lower() == CSV_SUFFIX
        own = f".{sha256(map.encode()).hexdigest()[:12]}" if map else ""
        self._part = path.with_name(f".{path.name}{own}.part")
        self._columns: tuple[str, ...] | None = None
        self._is_placed = False
        self._descriptor = -1
        self._lines_before = self._lines = 0

    def __enter__(self) -> Self:
        try:
            make_folders(self._path.parent)
            if self._path.exists() and not self._path.is_file():
                self._descriptor, self._is_placed = _opened_device(self._path), True
            else:
                self._lines_before = _count_lines(self._path)
                flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
                self._descriptor = os.open(self._part, flags, self._mode())
        except OSError as error:
            raise self._refusal(error) from error
        return self

    def __exit__(self, *error: object) -> None:
        os.close(self._descriptor)
        if not self._is_placed:
            self._part.unlink(missing_ok=True)

    def write(self, accepted: Sequence[Accepted]) -> None:
        """Append rows, whole; the file is put into its place once it has as much as the one before."""
        data = b"".join(map(self._csv_line if self._is_csv else self._json_line, accepted))
        self._lines += data.count(b"\n")
        try:
            while data:
                data = data[os.write(self._descriptor, data) :]
            if self._lines >= self._lines_before:
                self.place()
        except OSError as error:
            raise self._refusal(error) from error

    def place(self) -> None:
        """Put the file into its place, if it is not there yet."""
        if not self._is_placed:
            self._part.replace(self._path)
            self._is_placed = True

    def _mode(self) -> int:
        """That of the file that is replaced; a new one can be read by its user alone."""
        try:
            return self._path.stat().st_mode & 0o777
        except FileNotFoundError:
            return _MODE

    def _csv_line(self, accepted: Accepted) -> bytes:
        row, result = self._shown(accepted.row), accepted.result
        text = io.StringIO()
        writer = csv.writer(text)
        if self._columns is None:
            self._columns = tuple(row.values)
            writer.writerow([*self._columns, *self._own_columns(self._columns)])
        error = "" if result.error is None else f"{result.error.code} {result.error.message}"
        cells = [as_text(row.values.get(column)) for column in self._columns]
        writer.writerow([*cells, result.status.value, *self._answer(result), error])
        return text.getvalue().encode("utf-8", "replace")

    def _json_line(self, accepted: Accepted) -> bytes:
        return orjson.dumps(line_of(self._shown(accepted.row), accepted.result)) + b"\n"

    def _shown(self, row: Row) -> Row:
        if not self._hidden:
            return row
        shown = {name: value for name, value in row.values.items() if name not in self._hidden}
        return row._replace(values=shown)

    def _own_columns(self, columns: Sequence[str]) -> list[str]:
        """The columns that follow those of the row, each under a name that no other column has."""
        own, names = ("status", *(self._fields or ("output",)), "error"), [*columns]
        for name in own:
            free = name
            while free in names:
                free = f"result_{free}"
            names.append(free)
        return names[len(columns) :]

    def _answer(self, result: Result) -> list[str]:
        output = result.output_json if result.is_done else None
        if not self._fields:
            return [as_text(output)]
        fields: Mapping[str, Json] = output if isinstance(output, Mapping) else {}
        return [as_text(fields.get(name)) for name in self._fields]

    def _refusal(self, error: OSError) -> InvalidInput:
        return InvalidInput(
            f"the results cannot be written to {self._path}",
            why=error.strerror or str(error),
            hint="name another file and the same id or key; rows that are done are not paid again",
        )


def _opened_device(path: Path) -> int:
    """A descriptor of a device such as /dev/null; a pipe that nobody reads is not waited for."""
    descriptor = os.open(path, os.O_WRONLY | os.O_NONBLOCK)
    os.set_blocking(descriptor, True)
    return descriptor


def _count_lines(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return sum(chunk.count(b"\n") for chunk in iter(partial(file.read, _CHUNK), b""))
    except FileNotFoundError:
        return 0


def line_of(row: Row, result: Result) -> Mapping[str, Json]:
    """A row with its result, as a line of JSONL has it."""
    error, cost = result.error, result.cost_usd
    return {
        "row": row.number,
        "columns": row.values,
        "status": result.status.value,
        "output": result.output_json,
        "error": None if error is None else {"code": error.code, "message": error.message},
        "score": result.score,
        "cost_usd": None if cost is None else round(cost, 9),
        "simulated_usd": round(result.simulated_usd, 9),
        "label": result.label,
        "session_key": result.session_key,
    }
