"""Structured output: how a request says which JSON Schema its answer must match."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.shapes import dump

FINAL_ANSWER = "final_answer"

# What OpenAI's strict mode accepts: https://platform.openai.com/docs/guides/structured-outputs
_STRICT_KEYWORDS = frozenset(
    {"type", "properties", "required", "additionalProperties", "items", "anyOf", "enum", "const"}
    | {"title", "description", "$defs", "$ref", "pattern", "format", "multipleOf"}
    | {"minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "minItems", "maxItems"}
)


def final_answer_tool(schema: JsonObject) -> ToolSpec:
    """The tool whose call is the answer, for servers that enforce schemas only for tool arguments."""
    return ToolSpec(FINAL_ANSWER, "Give the final answer. Call this when the work is done.", schema)


def with_schema(system: str, schema: JsonObject) -> str:
    """The instructions, followed by the request for an answer that matches `schema`."""
    request = "Answer with one JSON value that matches this JSON Schema, and nothing else:"
    asked = f"{request}\n{dump(schema).decode()}"
    return f"{system}\n\n{asked}" if system else asked


def is_strict(schema: JsonObject) -> bool:
    """Whether OpenAI accepts `schema` as strict: closed objects with all fields required."""
    return schema.get("type") == "object" and _is_strict(schema)


def _is_strict(schema: Json) -> bool:
    if not isinstance(schema, Mapping) or not schema.keys() <= _STRICT_KEYWORDS:
        return False
    properties = _fields(schema.get("properties"))
    if schema.get("type") == "object" or properties:
        required = schema.get("required")
        if schema.get("additionalProperties") is not False or not isinstance(required, Sequence):
            return False
        if set(properties) != set(required):
            return False
    choices = schema.get("anyOf")
    inner = [*properties.values(), *_fields(schema.get("$defs")).values()]
    if isinstance(choices, Sequence):
        inner.extend(choices)
    if "items" in schema:
        inner.append(schema["items"])
    return all(_is_strict(part) for part in inner)


def _fields(value: Json) -> JsonObject:
    return value if isinstance(value, Mapping) else {}
