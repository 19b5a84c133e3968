"""Mapping: the tasks that a template makes of rows, for a flow."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from parallel_agents.core.agent import T
from parallel_agents.core.converted import GivenObject, as_object
from parallel_agents.core.message import File
from parallel_agents.core.schema import Json
from parallel_agents.core.task import JsonOrFile, Task
from parallel_agents.errors import InvalidInput
from parallel_agents.flows.naming import part_of
from parallel_agents.maps.filling import read_file
from parallel_agents.maps.template import Template, as_text, unknown_column
from parallel_agents.sessions.requests import task_digest

_DIGEST_CHARACTERS = 12


def mapped(
    name: str, template: Task[T], rows: Iterable[GivenObject], by: str | None
) -> tuple[Task[T], ...]:
    """A task for each row; its key is the row's value in the column `by`, or else what is asked.

    Raises:
        InvalidInput: a template is not valid, a row lacks a column, or two rows have one key.
    """
    text = Template.parse(template.text, where=f"the text of the step {name}")
    inputs: dict[str, Template | JsonOrFile] = {
        key: Template.parse(value, where=f"the input {key} of the step {name}")
        if isinstance(value, str)
        else value
        for key, value in template.input.items()
    }
    needed = [text, *(each for each in inputs.values() if isinstance(each, Template))]
    columns = [*([by] if by else []), *(c for each in needed for c in each.columns)]
    counts: Counter[str] = Counter()
    tasks: list[Task[T]] = []
    for number, row in enumerate(map(as_object, rows), start=1):
        where = f"row {number} of the step {name}"
        for column in columns:
            if column not in row:
                raise unknown_column(column, row, where)
        task = replace(
            template,
            text=text.filled(row, _read),
            input={each: _value(value, row) for each, value in inputs.items()},
        )
        key = part_of(as_text(row[by])) if by else task_digest(task)[:_DIGEST_CHARACTERS]
        counts[key] += 1
        if by and counts[key] > 1:
            raise InvalidInput(
                f"{where} has the key {key!r} of an earlier one",
                why=f"by={by!r} says that this column identifies a row",
                hint="name another column, or leave it out",
            )
        tasks.append(replace(task, key=key if counts[key] == 1 else f"{key}~{counts[key]}"))
    return tuple(tasks)


def _value(given: Template | JsonOrFile, row: Mapping[str, Json]) -> Json | File:
    if not isinstance(given, Template):
        return given
    return row[given.only] if given.only is not None else given.filled(row, _read)


def _read(path: str) -> str:
    return read_file(path, "")
