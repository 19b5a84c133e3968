"""A keyword that is nearly one of JSON Schema's is a mistake; any other may be somebody's own."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import JsonObject
from parallel_agents.core.schema_keywords import find_misspelt, has_keywords


@pytest.mark.parametrize(
    ("schema", "steps", "meant"),
    [
        ({"propertes": {}}, "propertes", "properties"),
        ({"Type": "object"}, "Type", "type"),
        ({"properties": {"a": {"tpye": "string"}}}, "properties/a/tpye", "type"),
        ({"itmes": {}}, "itmes", "items"),
        ({"ref": "#/$defs/a"}, "ref", "$ref"),
        ({"properties": {"a": {"max_length": 3}}}, "properties/a/max_length", "maxLength"),
        ({"items": {"require": ["a"]}}, "items/require", "required"),
        ({"items": [{"enums": ["a"]}]}, "items/0/enums", "enum"),
        ({"anyOf": [{}, {"minimun": 1}]}, "anyOf/1/minimun", "minimum"),
        ({"$defs": {"a": {"not": {"pattrn": "x"}}}}, "$defs/a/not/pattrn", "pattern"),
    ],
)
def test_a_misspelt_keyword_is_found_where_it_is(
    schema: JsonObject, steps: str, meant: str
) -> None:
    found = find_misspelt(schema)

    assert found is not None
    assert "/".join(found.steps) == steps
    assert found.meant == meant


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "object", "properties": {"propertes": {"type": "string"}, "requird": True}},
        {"enum": [{"propertes": 1}], "default": {"typ": 1}, "examples": [{"itms": 1}]},
        {"x-propertes": 1, "unit": "cm", "comment": "ours", "markdownDescription": "d"},
        {"note": "ours", "widget": "slider", "enumNames": ["a"], "unit": "m"},
        {"nullable": True, "example": 1, "definitions": {}, "propertyOrdering": ["a"]},
        {"additionalProperties": False, "not": True, "properties": "no table"},
    ],
)
def test_names_values_and_keywords_of_others_are_left_alone(schema: JsonObject) -> None:
    assert find_misspelt(schema) is None


def test_a_schema_without_any_keyword_is_known() -> None:
    assert not has_keywords({"summary": "string"})
    assert has_keywords({"summary": "string", "type": "object"})
