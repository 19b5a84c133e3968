"""Strict: which schemas OpenAI enforces exactly.

Source: https://platform.openai.com/docs/guides/structured-outputs
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.schema import Json, JsonObject

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
