"""Samples: the smallest value that matches a JSON Schema, for answers without a script."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from random import Random

from parallel_agents.core.schema import Json, JsonObject, compiled, flattened, resolved
from parallel_agents.models.simulated.answers import make_least

_EMPTY: JsonObject = {}


def make_sample(schema: JsonObject) -> Json:
    """A value that matches `schema`, with required fields only and the smallest sizes.

    One of the simulated provider if no such value matches. It ignores `pattern` and `format`.

    Raises:
        ValueError: `schema` refers to a definition that it does not contain.
    """
    sample = _sample(schema, schema)
    with suppress(ValueError):  # nothing is found that matches
        if not compiled(schema).fits(sample):
            return make_least(schema, Random(0))  # noqa: S311 - must be reproducible
    return sample


def _sample(schema: Json, root: JsonObject) -> Json:
    if not isinstance(schema, Mapping):
        return None
    for key in ("const", "default"):
        if key in schema:
            return schema[key]
    choices = schema.get("enum")
    if isinstance(choices, Sequence) and choices:
        return choices[0]
    reference = schema.get("$ref")
    if isinstance(reference, str):
        return _sample(resolved(reference, root), root)
    for key in ("anyOf", "oneOf"):
        options = schema.get(key)
        if isinstance(options, Sequence) and options:
            return _sample(options[0], root)
    return _typed(flattened(schema), root)


def _typed(schema: JsonObject, root: JsonObject) -> Json:
    kind = schema.get("type")
    if isinstance(kind, Sequence) and not isinstance(kind, str):
        kind = kind[0] if kind else None
    match kind:
        case "string":
            word = "sample".ljust(_whole(schema, "minLength"), ".")
            return word[: _whole(schema, "maxLength")] if "maxLength" in schema else word
        case "integer" | "number":
            return _number(schema)
        case "boolean":
            return True
        case "array":
            return [_sample(schema.get("items", _EMPTY), root)] * _whole(schema, "minItems")
        case "null":
            return None
        case _:
            return _object(schema, root)


def _object(schema: JsonObject, root: JsonObject) -> JsonObject:
    fields, required = schema.get("properties", _EMPTY), schema.get("required", ())
    if not isinstance(fields, Mapping) or not isinstance(required, Sequence):
        return {}
    return {str(name): _sample(fields.get(str(name), _EMPTY), root) for name in required}


def _number(schema: JsonObject) -> int | float:
    least = schema.get("minimum", 0)
    exclusive = schema.get("exclusiveMinimum")
    if isinstance(exclusive, int | float):
        return exclusive + 1
    return least if isinstance(least, int | float) else 0


def _whole(schema: JsonObject, key: str) -> int:
    value = schema.get(key)
    return value if isinstance(value, int) else 0
