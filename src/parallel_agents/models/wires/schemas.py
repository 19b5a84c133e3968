"""Schemas: a JSON Schema in the part of the standard that a server accepts.

Sources: https://platform.openai.com/docs/guides/structured-outputs (strict mode),
https://docs.anthropic.com/en/docs/build-with-claude/structured-outputs, and
https://ai.google.dev/gemini-api/docs/structured-output.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from parallel_agents.core.schema import Json, JsonObject, flattened
from parallel_agents.models.dialect import Dialect, SchemaSubset

_STRICT_KEYWORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"}
    | {"title", "description", "$defs", "$ref", "pattern", "format", "multipleOf"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"}
)
_STRICT_FORMATS = frozenset(
    {"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"}
)
_STRICT_DEPTH = 10
_STRICT_PROPERTIES = 5000
_JSON_TYPES: Mapping[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_ROOT_CHOICES = ("anyOf", "oneOf", "allOf")
# Keywords that Gemini's subset does not know: https://ai.google.dev/api/caching#Schema
_GEMINI_KEYWORDS = frozenset(
    {"type", "format", "title", "description", "nullable", "enum", "items", "maxItems", "minItems"}
    | {"properties", "required", "minProperties", "maxProperties", "minLength", "maxLength"}
    | {"pattern", "anyOf", "minimum", "maximum", "additionalProperties", "$ref", "$defs", "const"}
    | {"prefixItems"}
)
_GEMINI_FORMATS = frozenset(
    {"date-time", "date", "time", "enum", "float", "double", "int32", "int64"}
)


class AnswerSchema(NamedTuple):
    schema: JsonObject
    is_strict: bool


def answer_schema(schema: JsonObject, dialect: Dialect) -> AnswerSchema:
    """The schema of an answer as the server accepts it, and whether it may be enforced exactly."""
    adapted = adapt(schema, dialect.schema)
    return AnswerSchema(adapted, dialect.strict and is_strict(adapted))


def tool_schema(parameters: JsonObject, dialect: Dialect) -> JsonObject:
    """The parameters of a tool as the server accepts them: an object, without a choice at its root."""
    root = parameters
    if any(name in root for name in _ROOT_CHOICES):
        merged = flattened(root)
        root = {name: part for name, part in merged.items() if name not in _ROOT_CHOICES}
    plain: JsonObject = {"type": "object", "properties": {}, **root}
    return adapt(plain, dialect.schema)


def adapt(schema: JsonObject, subset: SchemaSubset) -> JsonObject:
    """The schema with the types that it implies, and without what the server refuses to read."""
    adapted = _adapt(schema, subset)
    assert isinstance(adapted, Mapping)
    return adapted


def _adapt(schema: Json, subset: SchemaSubset) -> Json:
    if not isinstance(schema, Mapping):
        return schema
    adapted: dict[str, Json] = {}
    for name, part in schema.items():
        match name:
            case "properties" | "$defs" | "definitions" if isinstance(part, Mapping):
                adapted[name] = {key: _adapt(value, subset) for key, value in part.items()}
            case "items" | "additionalProperties" | "not":
                adapted[name] = _adapt(part, subset)
            case "anyOf" | "oneOf" | "allOf" | "prefixItems" if isinstance(part, Sequence):
                adapted[name] = [_adapt(value, subset) for value in part]
            case _:
                adapted[name] = part
    if "type" not in adapted and (implied := _implied_type(adapted)):
        adapted["type"] = implied
    return _for_gemini(adapted) if subset is SchemaSubset.GEMINI else adapted


def _implied_type(schema: JsonObject) -> Json:
    """The type that the values of an `enum` or `const` have; None if it is not one."""
    values = schema.get("enum")
    if "const" in schema:
        values = [schema["const"]]
    if not isinstance(values, Sequence) or isinstance(values, str) or not values:
        return "object" if "properties" in schema else None
    types = {_JSON_TYPES.get(type(value), "") for value in values}
    return types.pop() if len(types) == 1 else None


def _for_gemini(schema: dict[str, Json]) -> JsonObject:
    adapted = {name: part for name, part in schema.items() if name in _GEMINI_KEYWORDS}
    choices = schema.get("oneOf")
    if isinstance(choices, Sequence) and "anyOf" not in adapted:
        adapted["anyOf"] = choices
    if "const" in adapted and "enum" not in adapted:
        adapted["enum"] = [adapted.pop("const")]
    kinds = adapted.get("type")
    if isinstance(kinds, list):
        named = [kind for kind in kinds if kind != "null"]
        adapted["nullable"] = "null" in kinds
        adapted["type"] = named[0] if named else "string"
    if adapted.get("format") not in {None, *_GEMINI_FORMATS}:
        del adapted["format"]
    if "enum" in adapted and adapted.get("type") not in {None, "string"}:
        del adapted["enum"]  # it enumerates strings only; the answer is checked here
    return adapted


def is_strict(schema: JsonObject) -> bool:
    """Whether OpenAI accepts `schema` as strict: closed objects with all fields required."""
    if schema.get("type") != "object" or "anyOf" in schema:
        return False
    return _is_strict(schema, 0) and _count(schema) <= _STRICT_PROPERTIES


def _is_strict(schema: Json, depth: int) -> bool:
    if not isinstance(schema, Mapping) or not schema.keys() <= _STRICT_KEYWORDS:
        return False
    if depth > _STRICT_DEPTH:
        return False
    if "$ref" in schema:
        return len(schema) == 1
    if not _is_strict_itself(schema):
        return False
    properties = _fields(schema.get("properties"))
    choices = schema.get("anyOf")
    inner = [*properties.values(), *_fields(schema.get("$defs")).values()]
    if isinstance(choices, Sequence):
        inner.extend(choices)
    if "items" in schema:
        inner.append(schema["items"])
    return all(_is_strict(part, depth + 1) for part in inner)


def _is_strict_itself(schema: JsonObject) -> bool:
    """Whether a schema is strict apart from its parts."""
    if "type" not in schema and "anyOf" not in schema:
        return False
    if schema.get("format", "date") not in _STRICT_FORMATS:
        return False
    pattern = schema.get("pattern")
    if isinstance(pattern, str) and "(?" in pattern:
        return False  # its patterns look neither ahead nor behind
    if schema.get("type") == "array" and "items" not in schema:
        return False
    properties = _fields(schema.get("properties"))
    if schema.get("type") != "object" and not properties:
        return True
    required = schema.get("required")
    is_closed = schema.get("additionalProperties") is False
    return is_closed and isinstance(required, Sequence) and set(properties) == set(required)


def _count(schema: Json) -> int:
    if isinstance(schema, Mapping):
        properties = schema.get("properties")
        own = len(properties) if isinstance(properties, Mapping) else 0
        return own + sum(map(_count, schema.values()))
    if isinstance(schema, list):
        return sum(map(_count, schema))
    return 0


def _fields(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
