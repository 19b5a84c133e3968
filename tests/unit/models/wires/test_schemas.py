"""A schema is sent in the part of JSON Schema that a server accepts."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.models.dialect import PLAIN, Dialect, SchemaSubset
from parallel_agents.models.wires.schemas import adapt, answer_schema, tool_schema

TEXT: JsonObject = {"type": "string"}
CLOSED: JsonObject = {
    "type": "object",
    "properties": {"a": TEXT},
    "required": ["a"],
    "additionalProperties": False,
}


def test_a_dialect_may_refuse_strict_mode() -> None:
    assert answer_schema(CLOSED, PLAIN).is_strict
    assert not answer_schema(CLOSED, Dialect(strict=False)).is_strict


def test_an_enum_gets_the_type_of_its_values() -> None:
    adapted = adapt(
        {"type": "object", "properties": {"a": {"enum": ["x", "y"]}}}, SchemaSubset.PLAIN
    )

    assert adapted["properties"] == {"a": {"enum": ["x", "y"], "type": "string"}}


@pytest.mark.parametrize("parameters", [{}, {"type": "object"}])
def test_a_tool_without_arguments_takes_an_empty_object(parameters: JsonObject) -> None:
    assert tool_schema(parameters, PLAIN) == {"type": "object", "properties": {}}


def test_a_tool_has_no_choice_at_the_root_of_its_schema() -> None:
    choice: JsonObject = {
        "type": "object",
        "properties": {"a": TEXT},
        "anyOf": [{"required": ["a"]}],
    }

    assert tool_schema(choice, PLAIN) == {"type": "object", "properties": {"a": TEXT}}


def test_gemini_gets_only_the_keywords_that_it_knows() -> None:
    schema: JsonObject = {
        "type": "object",
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "additionalProperties": False,
        "properties": {
            "a": {"type": ["string", "null"], "format": "uri"},
            "b": {"const": "x"},
            "c": {"oneOf": [TEXT, {"type": "integer", "exclusiveMinimum": 0}]},
            "d": {"type": "integer", "enum": [1, 2]},
            "e": {"anyOf": [TEXT, {"type": "null"}]},
        },
    }

    adapted = adapt(schema, SchemaSubset.GEMINI)

    assert adapted == {
        "type": "object",
        "properties": {
            "a": {"type": "string", "nullable": True, "description": 'Format: "uri"'},
            "b": {"type": "string", "enum": ["x"]},
            "c": {"anyOf": [TEXT, {"type": "integer", "description": "exclusiveMinimum: 0"}]},
            "d": {"type": "integer", "description": "Allowed values: [1,2]"},
            "e": {"type": "string", "nullable": True},
        },
    }


def test_a_reference_becomes_its_target() -> None:
    schema: JsonObject = {
        **CLOSED,
        "properties": {"a": {"$ref": "#/$defs/x", "description": "An a."}},
        "$defs": {"x": CLOSED},
    }

    adapted, is_strict = answer_schema(schema, PLAIN)

    assert adapted == {**CLOSED, "properties": {"a": {**CLOSED, "description": "An a."}}}
    assert is_strict


@pytest.mark.parametrize("reference", ["#", "#/$defs/x", "https://example.com/x", "#/$defs/nobody"])
def test_a_reference_that_recurs_or_points_outside_stays(reference: str) -> None:
    node: JsonObject = {"type": "object", "properties": {"next": {"$ref": reference}}}
    schema: JsonObject = {"type": "object", "properties": {"a": node}, "$defs": {"x": node}}

    assert adapt(schema, SchemaSubset.PLAIN) == schema


@pytest.mark.parametrize(
    ("part", "narrowed"),
    [
        ({"type": "string", "format": "uri"}, {"type": "string", "description": 'Format: "uri"'}),
        (
            {"type": "string", "pattern": "^(?!x)", "description": "No x."},
            {"type": "string", "description": 'No x. (Pattern: "^(?!x)")'},
        ),
        ({"type": "string", "maxLength": 3}, {"type": "string", "description": "maxLength: 3"}),
        ({"oneOf": [TEXT]}, {"anyOf": [TEXT]}),
        ({"type": "string", "default": "x", "title": "A"}, TEXT),
        ({"allOf": [TEXT]}, TEXT),
    ],
)
def test_what_strict_mode_lacks_is_told_in_the_description(
    part: JsonObject, narrowed: JsonObject
) -> None:
    openai = Dialect(schema=SchemaSubset.OPENAI)
    schema, is_strict = answer_schema({**CLOSED, "properties": {"a": part}}, openai)

    assert schema["properties"] == {"a": narrowed}
    assert is_strict


def test_a_schema_that_cannot_be_strict_is_sent_whole() -> None:
    schema: JsonObject = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 3}}}

    assert answer_schema(schema, PLAIN) == (schema, False)


def test_anthropic_gets_closed_objects_and_optional_fields() -> None:
    schema: JsonObject = {"type": "object", "properties": {"a": {"type": "integer", "minimum": 1}}}

    adapted = answer_schema(schema, Dialect(schema=SchemaSubset.ANTHROPIC)).schema

    assert adapted == {
        "type": "object",
        "properties": {"a": {"type": "integer", "description": "minimum: 1"}},
        "additionalProperties": False,
    }


def test_a_server_without_a_subset_gets_each_keyword_to_enforce() -> None:
    short: JsonObject = {**CLOSED, "properties": {"a": {"type": "string", "maxLength": 3}}}

    assert answer_schema(short, PLAIN) == (short, False)
