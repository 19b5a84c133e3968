"""JSON example: a value of a schema, as somebody would write it, to be shown where an input is missing or wrong."""

from __future__ import annotations

import json
from collections.abc import Sequence
from shlex import quote
from typing import NamedTuple

from parallel_agents.core.json_value import Json, JsonObject
from parallel_agents.core.object_schema import properties, required
from parallel_agents.core.schema import dereferenced

_MOST_TYPED = 60
_MOST_CHARACTERS = 300
_MOST_DEPTH = 6
_TEXT = "..."
_KINDS = {
    "array": "a list",
    "object": "an object",
    "boolean": "true or false",
    "integer": "a whole number",
    "number": "a number",
}
_NO = frozenset({"no", "off", "n", "f", "none"})


class JsonExample(NamedTuple):
    """What a value is, and a text of JSON for it.

    Attributes:
        kind: such as `a list`; `JSON` if the schema does not say.
    """

    kind: str
    text: str


class InputExample(NamedTuple):
    """An input as a command takes it after `--input`, and as Python does; `...` stands for any text."""

    option: str
    python: str


def example_value(schema: Json, root: JsonObject) -> Json:
    """A value as the schema has it, objects with their required fields alone; `...` for any text.

    Args:
        schema: of the value.
        root: the schema in which `$ref`s are looked up.
    """
    best = _made(schema, root, 1)
    for depth in range(2, _MOST_DEPTH + 1):
        made = _made(schema, root, depth)
        if len(json.dumps(made)) > _MOST_CHARACTERS:
            break
        best = made
    return best


def example_of_input(schema: JsonObject, name: str) -> InputExample:
    """How one input of an agent, a team or a plan is written."""
    value = example_value(properties(schema).get(name, {}), schema)
    if value == _TEXT:
        return InputExample(f"{name}={_TEXT}", f"{{{name!r}: {_TEXT}}}")
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return InputExample(f"{name}={quote(text)}", f"{{{name!r}: {value!r}}}")


def json_example(text: str, schema: Json, root: JsonObject) -> JsonExample:
    """An example of JSON for a value, of what was typed where that can be told."""
    found = dereferenced(schema, root)
    kind = _kind(found)
    if kind == "array" or (not kind and _is_open(found)):
        example = _typed_list(text, found, root)
    elif kind == "boolean":
        example = "false" if text.strip().lower() in _NO else "true"
    else:
        example = json.dumps(example_value(found, root), ensure_ascii=False)
    return JsonExample(_KINDS.get(kind, "JSON"), example)


def _made(schema: Json, root: JsonObject, depth: int) -> Json:
    found = dereferenced(schema, root)
    if (given := _given(found)) is not None:
        return given
    for word in ("anyOf", "oneOf", "allOf"):
        choices = found.get(word)
        if "type" not in found and isinstance(choices, list | tuple) and choices and depth:
            made = (_made(each, root, depth - 1) for each in choices)
            return next((each for each in made if each is not None), None)
    match _kind(found):
        case "object":
            return _object(found, root, depth)
        case "array":
            return [_made(found.get("items"), root, depth - 1)] if depth else []
        case "boolean":
            return True
        case "integer":
            return round(_number(found, 3))
        case "number":
            return _number(found, 0.5)
        case _:
            return None if found.get("type") == "null" else _TEXT


def _given(schema: JsonObject) -> Json:
    """A value that the schema itself names; None if it names none."""
    for word in ("examples", "enum"):
        values = schema.get(word)
        if isinstance(values, list | tuple) and values:
            return values[0]
    return schema.get("const", schema.get("default"))


def _object(schema: JsonObject, root: JsonObject, depth: int) -> Json:
    if not depth:
        return {}
    known = properties(schema)
    names = required(schema) or [*known][:1]
    if not names:
        return {"name": "value"}
    return {name: _made(known.get(name, {}), root, depth - 1) for name in names}


def _number(schema: JsonObject, usual: float) -> float:
    least, most = schema.get("minimum"), schema.get("maximum")
    if isinstance(least, int | float) and usual < least:
        return least
    return most if isinstance(most, int | float) and usual > most else usual


def _kind(schema: JsonObject) -> str:
    wanted = schema.get("type")
    kinds = wanted if isinstance(wanted, list | tuple) else [wanted]
    named = next((each for each in kinds if isinstance(each, str) and each in _KINDS), "")
    return named or ("object" if not wanted and "properties" in schema else "")


def _is_open(schema: JsonObject) -> bool:
    """Whether a schema says nothing of its values."""
    return not schema.keys() & {"type", "enum", "const", "anyOf", "oneOf", "allOf"}


def _typed_list(text: str, schema: JsonObject, root: JsonObject) -> str:
    items = dereferenced(schema.get("items"), root)
    is_plain = 0 < len(text) <= _MOST_TYPED and not any(mark in text for mark in '\n"[]{}')
    parts = [part for each in text.split(",") if (part := each.strip())] if is_plain else []
    if _kind(items) in {"integer", "number"}:
        return f"[{', '.join(parts)}]" if _are_numbers(parts) else "[1, 2]"
    if _kind(items) or not (_is_open(items) or items.get("type") == "string"):
        return json.dumps(example_value(schema, root), ensure_ascii=False)
    return json.dumps(parts or ["a", "b"], ensure_ascii=False)


def _are_numbers(parts: Sequence[str]) -> bool:
    try:
        return bool(parts) and all(type(json.loads(part)) in {int, float} for part in parts)
    except ValueError:
        return False
