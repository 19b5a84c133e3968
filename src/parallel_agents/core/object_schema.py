"""Object schemas: the properties of an object's JSON Schema, which of them are required, and their defaults."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches

from parallel_agents.core.cutting import head
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput

_SHOWN, _ALIKE = 80, 0.75


def properties(schema: JsonObject) -> dict[str, JsonObject]:
    """The properties of an object's schema; a property that is `true` accepts anything."""
    found = schema.get("properties")
    if not isinstance(found, Mapping):
        return {}
    return {name: item if isinstance(item, Mapping) else {} for name, item in found.items()}


def check_names(names: Iterable[str], schema: JsonObject) -> None:
    """Refuse names that an object's schema does not list, unless it says that it takes others.

    Raises:
        InvalidInput: one of them is unknown; the error says what was probably meant.
    """
    _refuse(_unknown(names, schema), schema)


def check_spelling(names: Collection[str], schema: JsonObject) -> None:
    """Refuse names that an object's schema does not list, but that look like one that it does.

    Others are taken: the agent is shown them too.

    Raises:
        InvalidInput: one of them is misspelt; the error says what was probably meant.
    """
    _refuse(misspelt(names, schema), schema)


def misspelt(names: Collection[str], schema: JsonObject) -> list[str]:
    """The names that are probably meant to be others, which an object's schema lists and nobody gave."""
    free = [name for name in properties(schema) if name not in names]
    unknown = _unknown(names, schema)
    return [name for name in unknown if get_close_matches(name, free, cutoff=_ALIKE)]


def _refuse(names: Sequence[str], schema: JsonObject) -> None:
    if names:
        known = properties(schema)
        raise InvalidInput(
            f"no input is called {head(names[0], _SHOWN)!r}",
            why=f"the inputs are {', '.join(map(repr, known)) or 'none'}",
            hint=did_you_mean(names[0], known),
        )


def _unknown(names: Iterable[str], schema: JsonObject) -> list[str]:
    """The names that an object's schema does not list, unless it says that it takes others."""
    known = schema.get("properties")
    if not isinstance(known, Mapping) or _has_more_names(schema):
        return []
    return [name for name in names if name not in known]


def _has_more_names(schema: JsonObject) -> bool:
    """Whether a schema says more of names than its properties; choices of what is required do not."""
    if schema.keys() & {"additionalProperties", "patternProperties", "$ref", "allOf"}:
        return True
    choices = schema.get("anyOf", ())
    return not isinstance(choices, Sequence) or any(
        not isinstance(choice, Mapping) or choice.keys() - {"required"} for choice in choices
    )


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


def missing_names(schema: JsonObject, given: Collection[str]) -> list[str]:
    """The required names that are not given; of several choices those of the one that lacks least."""
    lacking = [[name for name in way if name not in given] for way in ways_to_give(schema)]
    return min(lacking, key=len)


def defaults(schema: JsonObject) -> dict[str, Json]:
    """The default values of an object's schema."""
    return {name: item["default"] for name, item in properties(schema).items() if "default" in item}


def sure_names(schema: JsonObject) -> set[str]:
    """The properties that always have a value: those that are required or have a default."""
    return {*required(schema), *defaults(schema)} & properties(schema).keys()
