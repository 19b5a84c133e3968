"""A sample matches its schema."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import JsonObject, Schema
from parallel_agents.testing.samples import make_sample


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "string"},
        {"type": "string", "minLength": 20},
        {"type": "string", "maxLength": 2},
        {"type": "integer", "minimum": 3},
        {"type": "number", "exclusiveMinimum": 3},
        {"type": "boolean"},
        {"type": "null"},
        {"type": ["null", "string"]},
        {"type": "array", "items": {"type": "integer"}, "minItems": 2},
        {"enum": ["low", "high"]},
        {"const": 7},
        {"type": "integer", "default": 5},
        {"anyOf": [{"type": "integer"}, {"type": "null"}]},
        {"oneOf": [{"type": "integer"}, {"type": "null"}]},
        {"allOf": [{"type": "object"}, {"required": ["a"], "properties": {"a": {"const": 1}}}]},
        {
            "type": "object",
            "properties": {"a": {"$ref": "#/$defs/x"}, "b": {"type": "string"}},
            "required": ["a"],
            "$defs": {"x": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
        },
        {"prefixItems": [{"type": "integer"}, {"type": "string"}], "type": "array", "minItems": 2},
        {},
    ],
)
def test_a_sample_fits_its_schema(schema: JsonObject) -> None:
    assert Schema(schema).problems(make_sample(schema)) == []


def test_optional_fields_are_left_out() -> None:
    schema: JsonObject = {
        "type": "object",
        "properties": {"a": {"type": "integer"}, "b": {"type": "integer"}},
        "required": ["b"],
    }

    assert make_sample(schema) == {"b": 0}


def test_a_reference_to_nothing_is_an_error() -> None:
    with pytest.raises(ValueError, match="#/nowhere"):
        make_sample({"$ref": "#/nowhere"})
