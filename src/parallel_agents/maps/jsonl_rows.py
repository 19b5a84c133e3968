"""JSONL: a JSON object on each line as a row."""

from __future__ import annotations

import re
from collections.abc import Iterator

import orjson

from parallel_agents.core.cutting import head
from parallel_agents.errors import InvalidInput
from parallel_agents.maps.row import Row

_SHOWN = 60
_POSITION = re.compile(r": line \d+ column (\d+) \(char \d+\)$")


def jsonl_rows(lines: Iterator[str], name: str) -> Iterator[Row]:
    """The objects; blank lines are not rows.

    Raises:
        InvalidInput: a line is not a JSON object; the error names it.
    """
    number = 0
    for line, text in enumerate(lines, start=1):
        if not text.strip():
            continue
        number += 1
        try:
            values = orjson.loads(text.strip())
        except orjson.JSONDecodeError as error:
            raise InvalidInput(
                f"{name}, line {line} is not JSON: {head(text.strip(), _SHOWN)!r}",
                why=_POSITION.sub(r" (character \1)", str(error)),
                hint=_hint(text),
            ) from error
        if not isinstance(values, dict):
            raise InvalidInput(
                f"{name}, line {line} is not an object: {head(text.strip(), _SHOWN)!r}",
                why="a row has its values by name",
                hint=_hint(text),
            )
        yield Row(number=number, line=line, values=values)


def _hint(text: str) -> str:
    if text.lstrip().startswith("["):
        return "turn a list into lines: jq -c '.[]' LIST.json > ROWS.jsonl"
    return 'write one object to a line, such as {"text": "..."}'
