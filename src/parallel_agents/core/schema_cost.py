"""Schema cost: what a JSON Schema can cost a validator, which cannot be stopped once it works.

Alternatives of alternatives multiply: 24 definitions that each offer the next one twice are 16 million
checks of one value. In a union that contains itself each level of a value multiplies the errors, so
that a wrong answer of 20 levels takes hours to explain.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from parallel_agents.core.json_value import Json, JsonObject, children_of

MOST_CHECKS = 10_000
_LISTS = ("allOf", "anyOf", "oneOf")
_SINGLE = ("not", "if", "then", "else")


def checks_of_a_value(schema: JsonObject) -> int:
    """The most subschemas that a validator applies to one place of a value; a sum, not a bound on time."""
    return _Counter(schema).count(schema)


def is_recursive_union(schema: JsonObject) -> bool:
    """Whether a definition contains itself and there are alternatives in the schema."""
    parts = list(_parts(schema))
    if not any("anyOf" in part or "oneOf" in part for part in parts):
        return False
    targets = {ref for part in parts if (ref := _reference(part))}
    leads_to = {ref: _references_in(target(schema, ref)) for ref in targets}
    return any(_reaches(leads_to, ref) for ref in targets)


def target(root: JsonObject, reference: str) -> Json:
    """What a reference within the schema points to; None if there is nothing."""
    found: Json = root
    for step in reference.removeprefix("#").split("/")[1:]:
        name = step.replace("~1", "/").replace("~0", "~")
        if isinstance(found, Mapping):
            found = found.get(name)
        elif isinstance(found, Sequence) and name.isdecimal() and int(name) < len(found):
            found = found[int(name)]
        else:
            return None
    return found


class _Counter:
    """Counts each definition once; one that contains itself at the same place counts nothing more."""

    def __init__(self, root: JsonObject) -> None:
        self._root = root
        self._counts: dict[int, int] = {}

    def count(self, schema: Json) -> int:
        if not isinstance(schema, Mapping):
            return 1
        known = self._counts.get(id(schema))
        if known is None:
            self._counts[id(schema)] = 0
            known = 1 + sum(self.count(part) for part in self._applied(schema))
            self._counts[id(schema)] = known
        return known

    def _applied(self, schema: JsonObject) -> Iterator[Json]:
        """The subschemas that apply to the same place of a value."""
        if reference := _reference(schema):
            yield target(self._root, reference)
        for name in _LISTS:
            parts = schema.get(name)
            if isinstance(parts, Sequence) and not isinstance(parts, str):
                yield from parts
        for name in _SINGLE:
            if name in schema:
                yield schema[name]
        dependent = schema.get("dependentSchemas")
        if isinstance(dependent, Mapping):
            yield from dependent.values()


def _reference(schema: JsonObject) -> str:
    reference = schema.get("$ref")
    return reference if isinstance(reference, str) and reference.startswith("#") else ""


def _parts(value: Json) -> Iterator[JsonObject]:
    """All objects in a value, itself included."""
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Mapping):
            yield part
        waiting.extend(children_of(part))


def _references_in(value: Json) -> set[str]:
    return {reference for part in _parts(value) if (reference := _reference(part))}


def _reaches(leads_to: Mapping[str, set[str]], start: str) -> bool:
    """Whether a reference leads back to itself."""
    seen: set[str] = set()
    waiting = list(leads_to[start])
    while waiting:
        reference = waiting.pop()
        if reference == start:
            return True
        if reference not in seen:
            seen.add(reference)
            waiting.extend(leads_to.get(reference, ()))
    return False
