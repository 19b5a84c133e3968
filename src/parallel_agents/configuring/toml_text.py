"""TOML text: one value of a file set or removed, with its comments, its order and all else as it was.

The library that keeps comments sometimes puts a value into another table than it was told to. So
what a change comes to is read again, and is refused if it means anything but what was asked for.
"""

from __future__ import annotations

import copy
import tomllib
from collections.abc import Mapping, MutableMapping, Sequence
from functools import reduce
from typing import TYPE_CHECKING, cast

from parallel_agents.core.json_value import Json
from parallel_agents.core.toml import tables_of
from parallel_agents.errors import InvalidInput

if TYPE_CHECKING:
    from tomlkit import TOMLDocument

_Table = MutableMapping[str, Json]


def key_steps(path: str) -> tuple[str, ...]:
    """The steps of a dotted key; a step may be quoted, as in `prices."gpt-4.1"`.

    Raises:
        InvalidInput: it is not a key of TOML.
    """
    try:
        table: Json = {} if any(odd in path for odd in "=\n#") else tables_of(f"{path} = 0")
    except ValueError:
        table = {}
    steps: list[str] = []
    while isinstance(table, Mapping) and table:
        ((step, table),) = table.items()
        steps.append(step)
    if not steps:
        raise InvalidInput(
            f"{path[:80]!r} is not the name of a setting",
            hint="write a name, such as model, or a path, such as agent_budgets.main.usd",
        )
    return tuple(steps)


def value_at(tables: Mapping[str, Json], steps: Sequence[str]) -> Json:
    """The value at a path; None if there is none, since TOML has no null."""
    value: Json = tables
    for step in steps:
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def with_value(text: str, steps: Sequence[str], value: Json) -> str:
    """The text of a file with a value at a path; missing tables are made.

    Raises:
        InvalidInput: a step leads through what is not a table, or the file cannot be changed so.
        ValueError: the text is not TOML.
    """
    wanted = copy.deepcopy(cast("_Table", tables_of(text)))
    _put(wanted, steps, value)
    document = _document(text)
    if len(steps) == 1 and steps[0] not in document:
        above = _with_line(text, steps[0], value)
        if _means(above, wanted):
            return above
    table = cast("_Table", document)
    for number, step in enumerate(steps[:-1]):
        if step not in table:
            table[step] = cast("Json", _new_table(is_outer=number < len(steps) - 2))
        table = cast("_Table", table[step])
    table[steps[-1]] = value
    return _checked(document, wanted, steps)


def without_value(text: str, steps: Sequence[str]) -> str:
    """The text of a file without the value at a path; the text itself if it has none.

    Raises:
        InvalidInput: the file cannot be changed so.
        ValueError: the text is not TOML.
    """
    wanted = cast("_Table", tables_of(text))
    if value_at(wanted, steps) is None:
        return text
    document = _document(text)
    for tables in (wanted, cast("_Table", document)):
        del reduce(lambda table, step: cast("_Table", table[step]), steps[:-1], tables)[steps[-1]]
    return _checked(document, wanted, steps)


def _put(tables: _Table, steps: Sequence[str], value: Json) -> None:
    for number, step in enumerate(steps[:-1], start=1):
        below = tables.setdefault(step, {})
        if not isinstance(below, dict):
            raise InvalidInput(
                f"{'.'.join(steps[:number])} is not a table in this file",
                hint="set it as a whole, or correct it with `pagents config edit`",
            )
        tables = cast("_Table", below)
    tables[steps[-1]] = value


def _document(text: str) -> TOMLDocument:
    # Only commands that write the configuration need it.
    import tomlkit  # noqa: PLC0415 - heavy
    from tomlkit.exceptions import TOMLKitError  # noqa: PLC0415 - heavy

    try:
        return tomlkit.parse(text)
    except TOMLKitError as error:
        raise ValueError(str(error)) from error


def _new_table(*, is_outer: bool) -> object:
    import tomlkit  # noqa: PLC0415 - heavy

    return tomlkit.table(is_super_table=is_outer)


def _with_line(text: str, name: str, value: Json) -> str:
    """The text with a setting above the first table, and above the comment that belongs to that."""
    import tomlkit  # noqa: PLC0415 - heavy

    line = f"{name} = {tomlkit.item(value).as_string()}\n"
    lines = text.splitlines(keepends=True)
    at = next((n for n, each in enumerate(lines) if each.startswith("[")), None)
    if at is None:
        end = "" if not text or text.endswith("\n") else "\n"
        return f"{text}{end}{line}"
    while at and lines[at - 1].startswith("#"):
        at -= 1
    above = at
    while above and not lines[above - 1].strip():
        above -= 1
    if above and not lines[above - 1].startswith("#"):
        at = above  # below the settings that are there
    gap = "" if at < len(lines) and not lines[at].strip() else "\n"
    return "".join((*lines[:at], line, gap, *lines[at:]))


def _means(text: str, wanted: Mapping[str, Json]) -> bool:
    try:
        return tomllib.loads(text) == wanted
    except (ValueError, RecursionError):
        return False


def _checked(document: TOMLDocument, wanted: Mapping[str, Json], steps: Sequence[str]) -> str:
    text = document.as_string()
    if _means(text, wanted):
        return text
    raise InvalidInput(
        f"{'.'.join(steps)} cannot be changed here without changing something else",
        why="the file has tables in a form that only a person can edit safely",
        hint="edit the file by hand: pagents config edit",
    )
