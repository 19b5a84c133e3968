"""Values: JSON that is not quite JSON, as servers and models write it.

The causes, from public reports: raw line breaks in a string, a value encoded twice, `{}` in front of
the value, the value twice, a tag or prose around it, Python's literals, a missing bracket.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping

from parallel_agents.core.python_text import literal
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.unicode import whole_value
from parallel_agents.models.shapes import ShapeError

_MOST_NESTED = 3
_MOST_CHARACTERS = 1_000_000
# Each start that fails may cost the whole text, and each bracket of a repair a scan of it.
_MOST_FAILED = 32
_MOST_BRACKETS = 1_000
_START = re.compile(r'[{\["]')
_DECODER = json.JSONDecoder(strict=False)
_FAULTS = (ValueError, SyntaxError, MemoryError, RecursionError, TypeError)


def read_lenient(data: bytes | str) -> Json:
    """A JSON document that a strict parser refuses: NaN, lone halves of characters, a BOM.

    Raises:
        ValueError: it is not even lenient JSON.
    """
    text = data.decode("utf-8", "replace") if isinstance(data, bytes) else data
    try:
        value: Json = json.loads(text.removeprefix("\ufeff"), strict=False)
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    return value


def read_arguments(text: str) -> JsonObject:
    """The arguments of a call, from text in which a strict parser found no object.

    A text that breaks off is not completed: half of an argument is worse than none.

    Raises:
        ShapeError: there is no object in it.
    """
    if len(text) > _MOST_CHARACTERS:
        raise ShapeError(f"they are longer than {_MOST_CHARACTERS:,} characters")
    stripped = text.strip()
    found = _object_in(stripped)
    if found is None and stripped.startswith("{"):
        found = _repaired(stripped)
    if found is None:
        raise ShapeError("they are not a JSON object")
    whole = whole_value(found)
    assert isinstance(whole, Mapping)  # it was one before
    return whole


def _object_in(text: str, depth: int = 0) -> JsonObject | None:
    """The last object with members in `text`; an empty one if `text` says that there is nothing."""
    if text in {"", "null", "None", "[]", "{}", '""'}:
        return {}
    objects: list[JsonObject] = []
    for value in _values(text):
        match value:
            case Mapping():
                objects.append(value)
            case str() if depth < _MOST_NESTED:
                inner = _object_in(value.strip(), depth + 1)
                if inner is not None:
                    objects.append(inner)
            case [Mapping() as only]:
                objects.append(only)
            case _:
                pass
    return next((each for each in reversed(objects) if each), objects[-1] if objects else None)


def _values(text: str) -> Iterator[Json]:
    """The JSON values in `text`, one after the other; other text between them is skipped."""
    position = failed = 0
    while (start := _START.search(text, position)) is not None and failed < _MOST_FAILED:
        try:
            value, position = _DECODER.raw_decode(text, start.start())
        except RecursionError:
            return
        except ValueError:
            if start.group() == "{":
                return  # what follows is the inside of an object that cannot be read
            position, failed = start.end(), failed + 1
        else:
            yield value


def _repaired(text: str) -> JsonObject | None:
    """An object with slips: single quotes, bare names, a comma too many, a bracket too few."""
    closed = text[: text.rfind("}") + 1]
    if not closed or any(sign in text[len(closed) :] for sign in "\"',:[{"):
        return None
    try:
        value: Json = literal(closed)
    except _FAULTS:
        value = _repair(closed)
    return _named({**value}) if isinstance(value, Mapping) and value else None


def _repair(text: str) -> Json:
    if text.count("{") + text.count("[") > _MOST_BRACKETS:
        return None
    # Only a model's slip needs it, and its import takes as long as a call.
    from json_repair import repair_json  # noqa: PLC0415

    try:
        value: Json = repair_json(text, return_objects=True, skip_json_loads=True)
    except _FAULTS:
        return None
    return value


def _named(value: dict[object, Json]) -> JsonObject | None:
    """The object, unless a name in it is not a string, as in a literal of Python."""
    members = {name: member for name, member in value.items() if isinstance(name, str)}
    return members if len(members) == len(value) else None
