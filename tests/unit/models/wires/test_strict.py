"""A schema is sent as strict only where OpenAI would take it so."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.models.wires.strict import is_strict

TEXT: JsonObject = {"type": "string"}
CLOSED: JsonObject = {
    "type": "object",
    "properties": {"a": TEXT},
    "required": ["a"],
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    "schema",
    [
        CLOSED,
        {**CLOSED, "properties": {"a": CLOSED}},
        {**CLOSED, "properties": {"a": {"type": "array", "items": CLOSED, "minItems": 1}}},
        {**CLOSED, "properties": {"a": {"anyOf": [TEXT, {"type": "null"}]}}},
        {**CLOSED, "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": CLOSED}},
        {**CLOSED, "properties": {"a": {"type": ["string", "null"], "enum": ["x", None]}}},
        {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    ],
)
def test_closed_objects_that_require_every_field_are_strict(schema: JsonObject) -> None:
    assert is_strict(schema)


@pytest.mark.parametrize(
    "schema",
    [
        TEXT,
        {"anyOf": [CLOSED]},
        {"type": "object"},
        {**CLOSED, "required": []},
        {**CLOSED, "additionalProperties": True},
        {**CLOSED, "properties": {"a": {"type": "object"}}},
        {**CLOSED, "properties": {"a": {"type": "array", "items": {"type": "object"}}}},
        {**CLOSED, "properties": {"a": {"type": "string", "maxLength": 3}}},
        {**CLOSED, "properties": {"a": {"oneOf": [TEXT]}}},
        {**CLOSED, "properties": {"a": {"$ref": "#/$defs/x"}}, "$defs": {"x": {"type": "object"}}},
        {**CLOSED, "properties": {"a": {"$ref": "#/$defs/x", "description": "A."}}},
        {**CLOSED, "properties": {"a": {"description": "anything"}}},
        {**CLOSED, "properties": {"a": {"type": "string", "format": "uri"}}},
        {**CLOSED, "properties": {"a": {"type": "string", "pattern": "^(?!x)"}}},
        {**CLOSED, "properties": {"a": {"type": "array"}}},
        {**CLOSED, "anyOf": [CLOSED]},
    ],
)
def test_open_objects_and_keywords_that_strict_mode_lacks_are_not_strict(
    schema: JsonObject,
) -> None:
    assert not is_strict(schema)
