"""Merging: one schema for the values that match two."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.schema import Json, JsonObject

CONDITIONS = "$conditions"
"""Not of JSON Schema: all of the conditions that a schema has, each with `if`, `then` and `else`."""
_CONDITION = ("if", "then", "else")
_MOST = {
    "minimum",
    "exclusiveMinimum",
    "minLength",
    "minItems",
    "minProperties",
    "minContains",
}
_LEAST = {
    "maximum",
    "exclusiveMaximum",
    "maxLength",
    "maxItems",
    "maxProperties",
    "maxContains",
}
_TABLES = {"properties", "patternProperties", "dependentRequired"}
_LISTS = {"required", CONDITIONS}


def merged(one: JsonObject, other: JsonObject) -> JsonObject:
    """A schema without references, `allOf` and choices whose values match both of two such schemas.

    Of keywords that cannot be merged, it has the other's.
    """
    both = dict(one)
    for keyword, value in other.items():
        both[keyword] = _merged(keyword, both[keyword], value) if keyword in both else value
    return both


def with_conditions(schema: JsonObject) -> JsonObject:
    """The schema with its condition, and those that fields bring, where several can be merged."""
    found = (
        [{name: schema[name] for name in _CONDITION if name in schema}] if "if" in schema else []
    )
    dependent = schema.get("dependentSchemas")
    if isinstance(dependent, Mapping):
        found += [
            {"if": {"required": [name], "properties": {name: True}}, "then": part}
            for name, part in dependent.items()
        ]
    if not found:
        return schema
    rest = {k: v for k, v in schema.items() if k not in (*_CONDITION, "dependentSchemas")}
    return merged(rest, {CONDITIONS: found})


def also(one: Json, other: Json) -> Json:
    """A schema of any kind whose values match both."""
    if one is False or other is False:
        return False
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return {"allOf": [one, other]}
    return one if isinstance(one, Mapping) else other


def _merged(keyword: str, one: Json, other: Json) -> Json:
    if isinstance(one, int | float) and isinstance(other, int | float):
        if keyword in _MOST:
            return max(one, other)
        if keyword in _LEAST:
            return min(one, other)
    if keyword == "type":
        return _common(one, other)
    if isinstance(one, list | tuple) and isinstance(other, list | tuple):
        if keyword == "enum":
            return [value for value in one if value in other]
        if keyword == "prefixItems":
            longer, shorter = (one, other) if len(one) > len(other) else (other, one)
            same = [also(a, b) for a, b in zip(longer, shorter, strict=False)]
            return [*same, *longer[len(same) :]]
        if keyword in _LISTS:
            return [*one, *(value for value in other if value not in one)]
    if isinstance(one, Mapping) and isinstance(other, Mapping) and keyword in _TABLES:
        return {**one, **{n: also(one[n], v) if n in one else v for n, v in other.items()}}
    if keyword in ("items", "additionalProperties", "contains", "propertyNames"):
        return also(one, other)
    return other


def _common(one: Json, other: Json) -> Json:
    """The types that both allow; a whole number is a number, too."""
    kinds, others = _kinds(one), _kinds(other)
    common = [kind for kind in kinds if kind in others]
    if "integer" not in common and "integer" in (*kinds, *others):
        common += ["integer"] if "number" in (*kinds, *others) else []
    return common[0] if len(common) == 1 else common


def _kinds(kind: Json) -> Sequence[Json]:
    return kind if isinstance(kind, list | tuple) else [kind]
