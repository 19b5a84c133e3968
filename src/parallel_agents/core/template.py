"""Template: fills `${name}` in texts and values from a team's inputs, and `${tasks.facts.output}` from results.

Within a longer text, a placeholder becomes the value's text. A text that consists of one placeholder
becomes the value itself, so that lists and numbers keep their types. `$$` is a dollar.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import orjson

from parallel_agents.core.expression import Path
from parallel_agents.core.schema import Json

_NAME = "[_a-zA-Z][_a-zA-Z0-9]*"
_STEP = re.compile(rf'\.({_NAME})|\[(\d{{1,9}})\]|\["([^"\]]+)"\]')
_PATH = rf'{_NAME}(?:\.{_NAME}|\[\d{{1,9}}\]|\["[^"\]]+"\])*'
_FORM = re.compile(rf"\$(?:(\$)|({_NAME})|\{{({_PATH})\}}|)")
_WHOLE = re.compile(rf"\$\{{({_PATH})\}}")


class Misread(ValueError):
    """A placeholder reads a part that its value cannot have, such as a field of a text."""


def paths_in(text: str) -> list[Path]:
    """What the placeholders in `text` read, each once: `("tasks", "facts", "output")`.

    Raises:
        ValueError: a dollar does not begin a placeholder.
    """
    paths: dict[Path, None] = {}
    for found in _FORM.finditer(text):
        if found[0] == "$":
            raise ValueError("a dollar that does not begin a placeholder")
        if written := found[2] or found[3]:
            paths[_path(written)] = None
    return list(paths)


def names_in(text: str) -> list[str]:
    """The names of the placeholders in `text`, each once; it may have no longer paths.

    Raises:
        ValueError: a dollar does not begin the placeholder of a name.
    """
    paths = paths_in(text)
    if any(len(path) > 1 for path in paths):
        raise ValueError("a dollar that does not begin a placeholder")
    return [str(path[0]) for path in paths]


def texts_in(value: Json, steps: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], str]]:
    """Each text inside a value, with the steps that lead to it."""
    if isinstance(value, str):
        yield steps, value
    elif isinstance(value, Mapping):
        for key, item in value.items():
            yield from texts_in(item, (*steps, key))
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from texts_in(item, (*steps, str(index)))


def fill_text(text: str, values: Mapping[str, Json]) -> str:
    """`text` with its placeholders filled; a value that is not text is written as JSON.

    What a path of several steps does not find is written as nothing.

    Raises:
        Misread: a placeholder reads a part that its value cannot have.
    """

    def filled(found: re.Match[str]) -> str:
        if found[1]:
            return "$"
        path = _path(found[2] or found[3])
        value = value_at(values, path)
        return "" if value is None and len(path) > 1 else as_text(value)

    paths_in(text)  # refuses a dollar that begins nothing
    return _FORM.sub(filled, text)


def fill(value: Json, values: Mapping[str, Json]) -> Json:
    """`value` with the placeholders of its texts filled.

    Raises:
        Misread: a placeholder reads a part that its value cannot have.
    """
    if isinstance(value, str):
        path = whole_path(value)
        return fill_text(value, values) if path is None else value_at(values, path)
    if isinstance(value, Mapping):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, values) for item in value]
    return value


def fill_input(template: Mapping[str, Json], values: Mapping[str, Json]) -> dict[str, Json]:
    """The input of a task; an entry that consists of an input that has no value is left out.

    Raises:
        Misread: a placeholder reads a part that its value cannot have.
    """
    return {
        name: fill(value, values)
        for name, value in template.items()
        if (whole := whole_name(value)) is None or whole in values
    }


def whole_path(value: Json) -> Path | None:
    """What a text reads that consists of one placeholder; None for any other value."""
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else _path(found[1])


def whole_name(value: Json) -> str | None:
    """The name in a text that consists of the placeholder of one name; None for any other value."""
    path = whole_path(value)
    return str(path[0]) if path is not None and len(path) == 1 else None


def value_at(values: Mapping[str, Json], path: Path) -> Json:
    """The value at a path; None if a field or an item of it is not there.

    Raises:
        KeyError: there is no value of the first name.
        Misread: the path reads a field or an item of a value that has none.
    """
    value: Json = values[str(path[0])]
    for number, step in enumerate(path[1:], start=1):
        if value is None:
            return None
        if isinstance(step, str) and isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(step, int) and isinstance(value, Sequence) and not isinstance(value, str):
            value = value[step] if step < len(value) else None
        else:
            what = "field" if isinstance(step, str) else "item"
            raise Misread(f"{written(path[:number])} has no {what} {step!r}: it is {_kind(value)}")
    return value


def written(path: Path) -> str:
    """A path as it is written: `tasks.facts.output.items[0]`."""
    first, *rest = path
    return str(first) + "".join(map(_written_step, rest))


def _written_step(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if re.fullmatch(_NAME, step) else f'["{step}"]'


def _path(text: str) -> Path:
    name = re.match(_NAME, text)
    assert name is not None, "a placeholder begins with a name"
    steps: list[str | int] = [name[0]]
    for found in _STEP.finditer(text, name.end()):
        field, index, quoted = found.groups()
        steps.append(int(index) if index else field or quoted)
    return tuple(steps)


def _kind(value: Json) -> str:
    if isinstance(value, str):
        return "a text"
    return (
        "a list"
        if isinstance(value, Sequence)
        else "a mapping"
        if isinstance(value, Mapping)
        else "a number"
    )


def as_text(value: Json) -> str:
    """A value within a text: itself if it is one, or else JSON."""
    return value if isinstance(value, str) else orjson.dumps(value).decode()
