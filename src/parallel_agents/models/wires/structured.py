"""Structured output: how a request says which JSON Schema its answer must match."""

from __future__ import annotations

from parallel_agents.core.schema import JsonObject
from parallel_agents.core.tool import ToolSpec
from parallel_agents.models.shapes import dump

FINAL_ANSWER = "final_answer"
ANSWER = "answer"
BY_TOOL = f"When the work is done, give the answer by calling the tool `{FINAL_ANSWER}`."

_COMBINATORS = ("anyOf", "oneOf", "allOf", "$ref", "enum", "const", "not")


def final_answer_tool(schema: JsonObject) -> ToolSpec:
    """The tool whose call is the answer, for servers that enforce schemas only for tool arguments."""
    return ToolSpec(FINAL_ANSWER, "Give the final answer. Call this when the work is done.", schema)


def with_schema(system: str, schema: JsonObject) -> str:
    """The instructions, followed by the request for an answer that matches `schema`."""
    request = "Answer with one JSON value that matches this JSON Schema, and nothing else:"
    asked = f"{request}\n{dump(schema).decode()}"
    return f"{system}\n\n{asked}" if system else asked


def has_object_root(schema: JsonObject) -> bool:
    """Whether servers take `schema` as it is: they want an object at its root, and no choice there."""
    return schema.get("type") == "object" and not any(name in schema for name in _COMBINATORS)


def wrapped(schema: JsonObject) -> JsonObject:
    """An object with `schema` as its member `answer`; definitions stay where references look."""
    definitions = {name: schema[name] for name in ("$defs", "definitions") if name in schema}
    inner = {name: part for name, part in schema.items() if name not in definitions}
    return {
        "type": "object",
        "properties": {ANSWER: inner},
        "required": [ANSWER],
        "additionalProperties": False,
        **definitions,
    }
