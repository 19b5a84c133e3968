"""Made-up answers match their schema with any seed."""

from __future__ import annotations

from random import Random

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.core.agent import Agent
from parallel_agents.core.schema import JsonObject, Schema
from parallel_agents.models.simulated.answers import make_answer, make_text

AGENTS = [e.content for e in Catalog().agents() if isinstance(e.content, Agent)]
TREE: JsonObject = {
    "$ref": "#/$defs/node",
    "$defs": {
        "node": {
            "type": "object",
            "properties": {
                "below": {"type": "array", "items": {"$ref": "#/$defs/node"}},
                "next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]},
            },
            "required": ["below"],
        }
    },
}
CHAIN: JsonObject = {
    "$ref": "#/$defs/link",
    "$defs": {
        "link": {
            "properties": {"next": {"anyOf": [{"type": "null"}, {"$ref": "#/$defs/link"}]}},
            "required": ["next"],
        }
    },
}
NUMBER: JsonObject = {"type": "integer"}
KIND: JsonObject = {"kind": {"enum": ["a", "b"]}}
IS_A: JsonObject = {"properties": {"kind": {"const": "a"}}}
B: JsonObject = {"required": ["b"]}
OLD: JsonObject = {"$schema": "http://json-schema.org/draft-07/schema#"}
SCHEMAS: list[JsonObject] = [
    {"type": "string", "minLength": 20, "maxLength": 22},
    {"type": "string", "maxLength": 1},
    {"type": "string", "maxLength": 0},
    {"type": "string", "minLength": 900},
    {"type": "string", "format": "date-time"},
    {"type": "integer", "minimum": 3, "maximum": 3},
    {"type": "integer", "exclusiveMinimum": 3, "exclusiveMaximum": 5},
    {"type": "integer", "multipleOf": 7, "minimum": 1},
    {"type": "integer", "maximum": -4},
    {"type": "number", "minimum": 0.5, "maximum": 0.505},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1},
    {"type": ["null", "string"]},
    {"type": "array", "items": {"type": "boolean"}, "minItems": 2, "maxItems": 3},
    {"type": "array", "maxItems": 0},
    {"enum": ["low", "high"]},
    {"const": {"a": 1}},
    {"oneOf": [{"type": "integer"}, {"type": "null"}]},
    {"allOf": [{"type": "object"}, {"required": ["a"], "properties": {"a": {"const": 1}}}]},
    {"type": "object", "additionalProperties": False, "properties": {"a": {"type": "string"}}},
    TREE,
    {},
    {"type": "array", "prefixItems": [{"type": "integer"}, {"type": "null"}], "items": False},
    {"prefixItems": [{"type": "integer"}], "items": {"type": "boolean"}, "minItems": 3},
    {"items": [{"type": "integer"}], "additionalItems": False, "minItems": 1, **OLD},
    {"type": "array", "items": {"enum": ["a", "b", "c"]}, "uniqueItems": True, "minItems": 3},
    {"type": "array", "contains": {"const": 5}, "minContains": 2, "maxItems": 2},
    {"type": "object", "additionalProperties": NUMBER, "minProperties": 2, "maxProperties": 2},
    {"required": ["a"], "additionalProperties": NUMBER},
    {"propertyNames": {"enum": ["x", "y"]}, "minProperties": 2},
    {"patternProperties": {"^x": NUMBER}, "additionalProperties": False, "minProperties": 1},
    {"properties": {"a": NUMBER}, "required": ["a"], "dependentRequired": {"a": ["b"]}},
    {"required": ["a"], "dependentSchemas": {"a": {"properties": {"b": NUMBER}, **B}}},
    {"properties": KIND, "required": ["kind"], "if": IS_A, "then": B, "else": {"required": ["c"]}},
    {
        "properties": KIND,
        "required": ["kind"],
        "allOf": [{"if": IS_A, "then": B}, {"not": {"required": ["c"]}}],
    },
    {"required": ["c"], "oneOf": [{"required": ["a"]}, B]},
    {"oneOf": [{"type": "integer"}, {"type": "number"}]},
    {"anyOf": [False, {"type": "null"}, {"type": "string", "pattern": "^[0-9]{12}$"}]},
    {"allOf": [{"$ref": "#/$defs/a~1b"}, {"enum": [1, 3]}], "$defs": {"a/b": {"enum": [2, 3]}}},
    {"allOf": [{"minimum": 4}, {"anyOf": [{"minimum": 3}, {"minimum": 2}]}, {"maximum": 4}]},
    {"$ref": "#/$defs/n", "minimum": 5, "$defs": {"n": {"type": "integer"}}},
    {"not": {"type": "object"}},
    {"type": "integer", "exclusiveMinimum": 2.5, "exclusiveMaximum": 3.5},
    {"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 0.001},
    {
        "type": "array",
        "items": {"type": "string", "format": "date"},
        "minItems": 3,
        "uniqueItems": True,
    },
    {"type": "string", "format": "email", "maxLength": 5},
    CHAIN,
]


@pytest.mark.parametrize("schema", SCHEMAS, ids=str)
def test_an_answer_fits_its_schema(schema: JsonObject) -> None:
    fits = Schema(schema)

    for seed in range(50):
        assert fits.problems(make_answer(schema, Random(seed))) == []


@pytest.mark.parametrize("agent", AGENTS, ids=lambda agent: agent.name)
def test_every_built_in_agent_has_satisfiable_schemas(agent: Agent) -> None:
    for schema in (agent.input_schema, agent.output_schema):
        if schema is None:
            continue
        fits = Schema(schema)
        answers = [make_answer(schema, Random(seed)) for seed in range(20)]

        assert [fits.problems(answer) for answer in answers] == [[]] * 20
        assert answers[0] != answers[1]
        assert answers == [make_answer(schema, Random(seed)) for seed in range(20)]


@pytest.mark.parametrize(
    ("schema", "why"),
    [
        ({"type": "string", "pattern": "^[0-9]{12}$"}, "does not match"),
        ({"$ref": "#"}, "without end"),
        ({"$ref": "#x", "$defs": {"x": {"$anchor": "x"}}}, "the schema has no #x"),
    ],
)
def test_a_schema_without_a_found_answer_is_refused_with_the_reason(
    schema: JsonObject, why: str
) -> None:
    with pytest.raises(ValueError, match=why):
        make_answer(schema, Random(1))


def test_a_text_has_the_requested_length() -> None:
    for seed in range(50):
        assert 40 <= len(make_text(Random(seed), 40, 60)) <= 60
