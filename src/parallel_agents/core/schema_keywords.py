"""Schema keywords: finds misspelt ones, which a validator ignores and so allows everything.

JSON Schema lets anybody add keywords of their own; only one that is nearly a known one is a mistake.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import NamedTuple

from parallel_agents.core.json_value import Json, JsonObject

_IN_A_TABLE = frozenset(
    {"$defs", "definitions", "dependentSchemas", "patternProperties", "properties"}
)
_IN_A_LIST = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
_SINGLE = frozenset(
    {
        "additionalItems",
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    }
)
# Of the drafts 4 to 2020-12, and of OpenAPI's and Gemini's dialects.
_VALUES = frozenset(
    [
        "$anchor",
        "$comment",
        "$dynamicAnchor",
        "$dynamicRef",
        "$id",
        "$recursiveAnchor",
        "$recursiveRef",
        "$ref",
        "$schema",
        "$vocabulary",
        "const",
        "contentEncoding",
        "contentMediaType",
        "default",
        "dependencies",
        "dependentRequired",
        "deprecated",
        "description",
        "discriminator",
        "enum",
        "enumDescriptions",
        "enumNames",
        "example",
        "examples",
        "exclusiveMaximum",
        "exclusiveMinimum",
        "externalDocs",
        "format",
        "id",
        "maxContains",
        "maxItems",
        "maxLength",
        "maxProperties",
        "maximum",
        "minContains",
        "minItems",
        "minLength",
        "minProperties",
        "minimum",
        "multipleOf",
        "nullable",
        "pattern",
        "propertyOrdering",
        "readOnly",
        "required",
        "title",
        "type",
        "uniqueItems",
        "writeOnly",
        "xml",
    ]
)
# Annotations that people write, near keywords that they do not mean.
_HARMLESS = frozenset({"comment", "comments", "note"})
_KNOWN = {word.lower(): word for word in sorted(_IN_A_TABLE | _IN_A_LIST | _SINGLE | _VALUES)}
_NEAR = 0.8


class Misspelt(NamedTuple):
    """A keyword that is nearly a known one.

    Attributes:
        steps: the names and numbers that lead to it, including its own name.
        meant: the known keyword.
    """

    steps: tuple[str, ...]
    meant: str


def find_misspelt(schema: JsonObject) -> Misspelt | None:
    """The first misspelt keyword of a schema, or None."""
    return next(_misspelt(schema, ()), None)


def has_keywords(schema: JsonObject) -> bool:
    """Whether a schema has any known keyword, or nearly one."""
    return any(keyword in _KNOWN.values() or _meant(keyword) for keyword in schema)


def _misspelt(schema: Json, steps: tuple[str, ...]) -> Iterator[Misspelt]:
    if not isinstance(schema, Mapping):
        return  # true or false
    for keyword, value in schema.items():
        here = (*steps, keyword)
        if keyword in _IN_A_TABLE:
            inner = value.items() if isinstance(value, Mapping) else ()
        elif isinstance(value, list | tuple) and keyword in _IN_A_LIST | {"items"}:
            inner = [(str(number), part) for number, part in enumerate(value)]
        elif keyword in _SINGLE:
            inner = [("", value)]
        else:
            inner = ()
            if meant := _meant(keyword):
                yield Misspelt(here, meant)
        for name, part in inner:
            yield from _misspelt(part, (*here, name) if name else here)


def _meant(keyword: str) -> str:
    """The known keyword that an unknown one nearly is; empty if none."""
    if keyword in _KNOWN.values() or keyword in _HARMLESS or keyword.startswith("x-"):
        return ""
    word = keyword.lower()
    close = get_close_matches(word, _KNOWN, n=1, cutoff=_NEAR)
    swapped = (known for known in _KNOWN if sorted(known) == sorted(word))
    nearest = close[0] if close else next(swapped, "")  # of a short word, two letters are much
    return _KNOWN.get(nearest, "")
