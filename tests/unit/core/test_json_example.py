from __future__ import annotations

import pytest

from parallel_agents.core.json_example import example_of_input, json_example
from parallel_agents.core.schema import Json

TEXT = {"title": {"type": "string"}, "words": {"type": "integer", "minimum": 10}, "by": {}}
ITEM: dict[str, Json] = {"type": "object", "properties": TEXT, "required": ["title", "words"]}
ROOT: dict[str, Json] = {"$defs": {"item": ITEM}}


@pytest.mark.parametrize(
    ("text", "schema", "kind", "example"),
    [
        ("tea, rain", {"type": "array"}, "a list", '["tea", "rain"]'),
        ("tea", {"type": ["null", "array"]}, "a list", '["tea"]'),
        ("1,2.5", {"type": "array", "items": {"type": "number"}}, "a list", "[1, 2.5]"),
        ("one", {"type": "array", "items": {"type": "integer"}}, "a list", "[1, 2]"),
        ('["tea"', {"type": "array"}, "a list", '["a", "b"]'),
        ("a,b\n1,2", {"type": "array"}, "a list", '["a", "b"]'),
        ("Off", {"type": "boolean"}, "true or false", "false"),
        ("yes", {"type": "boolean"}, "true or false", "true"),
        ("three", {"type": "integer"}, "a whole number", "3"),
        ("a", {"type": "array", "items": ITEM}, "a list", '[{"title": "...", "words": 10}]'),
        ("a", {"type": "array", "items": {"enum": ["x", "y"]}}, "a list", '["x"]'),
        ("a", {"$ref": "#/$defs/item"}, "an object", '{"title": "...", "words": 10}'),
        ("a=1", {"type": "object"}, "an object", '{"name": "value"}'),
        ("tea", {"enum": [1, 2]}, "JSON", "1"),
    ],
)
def test_the_example_is_what_was_typed_where_that_can_be_told(
    text: str, schema: dict[str, Json], kind: str, example: str
) -> None:
    assert json_example(text, schema, ROOT) == (kind, example)


@pytest.mark.parametrize(
    ("schema", "option", "python"),
    [
        ({"type": "string"}, "x=...", "{'x': ...}"),
        ({"enum": ["very dry", "warm"]}, "x='very dry'", "{'x': 'very dry'}"),
        ({"type": "integer", "maximum": 2}, "x=2", "{'x': 2}"),
        (
            {"type": "array", "items": {"$ref": "#/$defs/item"}},
            """x='[{"title": "...", "words": 10}]'""",
            "{'x': [{'title': '...', 'words': 10}]}",
        ),
        (
            {"type": "array", "items": {"type": "array", "items": {"type": "boolean"}}},
            "x='[[true]]'",
            "{'x': [[True]]}",
        ),
    ],
)
def test_an_input_is_written_as_its_own_schema_has_it(
    schema: dict[str, Json], option: str, python: str
) -> None:
    root = {**ROOT, "properties": {"x": schema}}

    assert example_of_input(root, "x") == (option, python)


@pytest.mark.parametrize("count", [1, 50])
def test_a_schema_that_names_itself_has_a_short_example(count: int) -> None:
    names = [f"next{n}" for n in range(count)]
    loop: dict[str, Json] = {
        "type": "object",
        "properties": {name: {"$ref": "#/$defs/loop"} for name in names},
        "required": [*names],
    }
    root: dict[str, Json] = {"$defs": {"loop": loop}, "properties": {"x": loop}}

    assert len(example_of_input(root, "x").option) < 1_000
