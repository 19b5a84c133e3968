"""Template: text and values with `${name}` in them, filled from a team's inputs.

`${name}` in a longer text becomes the value's text; a text that is `${name}` and nothing else
becomes the value itself, so that lists and numbers pass through. `$$` is a dollar.
"""

from __future__ import annotations

import re
import string
from collections.abc import Iterator, Mapping

import orjson

from parallel_agents.core.schema import Json

_WHOLE = re.compile(r"\$\{([_a-zA-Z][_a-zA-Z0-9]*)\}")


def names_in(text: str) -> list[str]:
    """The names that `text` has placeholders for, each once.

    Raises:
        ValueError: a dollar that begins no placeholder.
    """
    template = string.Template(text)
    if not template.is_valid():
        raise ValueError("a dollar begins no placeholder")
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
    """`text` with its placeholders filled; values that are no text are written as JSON."""
    words = {name: _words(values[name]) for name in names_in(text)}
    return string.Template(text).substitute(words)


def fill(value: Json, values: Mapping[str, Json]) -> Json:
    """`value` with the placeholders of its texts filled."""
    if isinstance(value, str):
        whole = _WHOLE.fullmatch(value)
        return values[whole[1]] if whole else fill_text(value, values)
    if isinstance(value, Mapping):
        return {key: fill(item, values) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill(item, values) for item in value]
    return value


def _words(value: Json) -> str:
    return value if isinstance(value, str) else orjson.dumps(value).decode()
