"""Fields: what a JSON Schema says of the fields of an object, by their names."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import reduce

from parallel_agents.core.schema import Json, JsonObject, compiled
from parallel_agents.models.simulated.merging import also

_TEXT: JsonObject = {"type": "string"}


def field_schema(schema: JsonObject, name: str) -> Json:
    """The schema of the values of a field; False if it may not be there."""
    fields, patterns = schema.get("properties"), schema.get("patternProperties")
    found: list[Json] = []
    if isinstance(fields, Mapping) and name in fields:
        found.append(fields[name])
    if isinstance(patterns, Mapping):
        found += [part for pattern, part in patterns.items() if _matches(pattern, name)]
    if found:
        return reduce(also, found)
    return schema.get("additionalProperties", _TEXT) if is_open(schema) else False


def is_open(schema: JsonObject) -> bool:
    """Whether it may have fields that the schema does not name."""
    return all(
        schema.get(f"{kind}Properties") is not False for kind in ("additional", "unevaluated")
    )


def names_needed_by(schema: JsonObject, made: Collection[str]) -> Iterator[str]:
    """The fields that others bring with them, which are not made yet."""
    dependent = schema.get("dependentRequired")
    if not isinstance(dependent, Mapping):
        return
    needed, waiting = set(made), list(made)
    while waiting:
        names = dependent.get(waiting.pop(), ())
        for name in map(str, names if isinstance(names, Sequence) else ()):
            if name not in needed:
                needed.add(name)
                waiting.append(name)
                yield name


def _matches(pattern: str, name: str) -> bool:
    return compiled({"pattern": pattern}).fits(name)
