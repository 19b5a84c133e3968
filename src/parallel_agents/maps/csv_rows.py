"""CSV: a table with a header as rows; a row with more or fewer cells than the header is refused."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.row import Row
from parallel_agents.sessions.requests import MAX_INPUT_BYTES

_SEPARATORS = ",;\t"
_SHOWN = 80
_CARRIAGE_RETURN = "a carriage return stands outside of quotes"
_REASONS = {
    "unexpected end of data": "a quote is opened in it and never closed",
    "field larger than field limit": "a cell is larger than any task may be, or its quote is never closed",
    "new-line character seen": _CARRIAGE_RETURN,
    "expected after": "text follows the quote that closes a cell",
}
# As spreadsheets write it above the header.
_NAMED_SEPARATOR = re.compile(r"""["']?sep=([^\w"'\s]|\t)["']?""", re.IGNORECASE)
_NOTHING: tuple[int, list[str]] = (0, [])


class _Reader(Protocol):
    """What `csv.reader` returns."""

    @property
    def line_num(self) -> int: ...

    def __iter__(self) -> Iterator[list[str]]: ...

    def __next__(self) -> list[str]: ...


def csv_rows(lines: Iterator[str], name: str) -> Iterator[Row]:
    """The rows of a table, whose cells are separated by commas, semicolons or tabs.

    Blank lines are not rows. A first line `sep=;` names the separator.

    Raises:
        InvalidInput: the header or a row is not valid; the error names the line.
    """
    first = next(lines, "")
    blank = 0
    named = _NAMED_SEPARATOR.fullmatch(first.strip())
    while first and (not first.strip() or (named and not blank)):
        first, blank = next(lines, ""), blank + 1
    # The default limit of a cell is 131,072 characters.
    csv.field_size_limit(MAX_INPUT_BYTES)
    separator = named[1] if named else max(_SEPARATORS, key=first.count)
    reader = csv.reader(chain((first,), lines), delimiter=separator, strict=True)
    records = _records(reader, name, blank)
    _, header = next(records, _NOTHING)
    header = [cell.strip() for cell in header]
    _check_header(header, name, blank + 1)
    for number, (line, cells) in enumerate(records, start=1):
        if len(cells) != len(header):
            raise _ragged(name, line, cells, header)
        yield Row(number=number, line=line, values=dict(zip(header, cells, strict=True)))


def _records(reader: _Reader, name: str, blank: int) -> Iterator[tuple[int, list[str]]]:
    """The records with the lines that they begin on."""
    while True:
        line = blank + reader.line_num + 1
        try:
            cells = next(reader, None)
        except csv.Error as error:
            raise _not_csv(error, name, line) from error
        if cells is None:
            return
        if cells:
            yield line, cells


def _check_header(header: list[str], name: str, line: int) -> None:
    if not header:
        raise InvalidInput(
            f"{name} has no rows",
            why="it is empty",
            hint="its first line names the columns, and each other line is a row",
        )
    if "" in header:
        raise InvalidInput(
            f"{name}, line {line}: column {header.index('') + 1} has no name",
            why="the first line names the columns",
            hint="name each column",
        )
    column, count = Counter(header).most_common(1)[0]
    if count > 1:
        raise InvalidInput(
            f"{name}, line {line}: {count} columns are named {head(column, _SHOWN)!r}",
            why="a column is known by its name",
            hint="rename one of them",
        )


def _not_csv(error: csv.Error, name: str, line: int) -> InvalidInput:
    """The refusal, in words of tables and not of Python's module."""
    told = str(error)
    why = next((why for words, why in _REASONS.items() if words in told), told)
    hint = 'put a cell with quotes, separators or line ends into quotes: "a ""b"" c"'
    if why == _CARRIAGE_RETURN and line == 1:
        hint = f"are its lines ended by CR alone? tr '\\r' '\\n' < {name} > lines.csv"
    return InvalidInput(f"{name}, line {line} is not CSV", why=why, hint=hint)


def _ragged(name: str, line: int, cells: list[str], header: list[str]) -> InvalidInput:
    counted = f"{len(cells)} cell{'s' * (len(cells) != 1)}"
    return InvalidInput(
        f"{name}, line {line} has {counted}, and the header has {len(header)}",
        why=f"the columns are {head(', '.join(header), 200)}",
        hint="put a cell that contains the separator into quotes, and leave no cell out",
    )
