"""Object schemas: the properties of an object's JSON Schema, which of them are required, and their defaults."""

from __future__ import annotations

from collections.abc import Mapping

from parallel_agents.core.schema import Json, JsonObject


def properties(schema: JsonObject) -> dict[str, JsonObject]:
    """The properties of an object's schema; a property that is `true` accepts anything."""
    found = schema.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {name: item if isinstance(item, Mapping) else {} for name, item in found.items()}


def required(schema: JsonObject) -> list[str]:
    """The names of the properties that an object's schema requires."""
    found = schema.get("required")
    return [str(name) for name in found] if isinstance(found, list | tuple) else []


def ways_to_give(schema: JsonObject) -> list[list[str]]:
    """The names that an object's schema requires, for each of its `anyOf` if it has such choices."""
    always, found = required(schema), schema.get("anyOf")
    choices = found if isinstance(found, list | tuple) else ()
    more = [required(choice) for choice in choices if isinstance(choice, Mapping)]
    return [[*always, *names] for names in more] or [always]


def defaults(schema: JsonObject) -> dict[str, Json]:
    """The default values of an object's schema."""
    return {name: item["default"] for name, item in properties(schema).items() if "default" in item}


def sure_names(schema: JsonObject) -> set[str]:
    """The properties that always have a value: those that are required or have a default."""
    return {*required(schema), *defaults(schema)} & properties(schema).keys()
