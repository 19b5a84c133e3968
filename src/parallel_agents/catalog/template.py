"""Template: fills `${name}` in texts and values from a team's inputs.

Within a longer text, `${name}` becomes the value's text. A text that consists of `${name}` becomes
the value itself, so that lists and numbers keep their types. `$$` is a dollar.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping

import orjson

from parallel_agents.core.schema import Json

_WHOLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")


def names_in(text: str) -> list[str]:
    """The names of the placeholders in `text`, each once.

    Raises:
        ValueError: a dollar does not begin a placeholder.
    """
    template = string.Template(text)
    if not template.is_valid():
        raise ValueError("a dollar that does not begin a placeholder")
    return template.get_identifiers()


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
    """`text` with its placeholders filled; a value that is not text is written as JSON."""
    texts = {name: _as_text(values[name]) for name in names_in(text)}
    return string.Template(text).substitute(texts)


def fill(value: Json, values: Mapping[str, Json]) -> Json:
    """`value` with the placeholders of its texts filled."""
    if isinstance(value, str):
        name = whole_name(value)
        return fill_text(value, values) if name is None else values[name]
    if isinstance(value, Mapping):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, values) for item in value]
    return value


def whole_name(value: Json) -> str | None:
    """The name in a text that consists of one placeholder; None for any other value."""
    found = _WHOLE.fullmatch(value) if isinstance(value, str) else None
    return None if found is None else found[1]


def _as_text(value: Json) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
