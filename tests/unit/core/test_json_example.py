from __future__ import annotations

import pytest

from parallel_agents.core.json_example import json_example
from parallel_agents.core.schema import Json


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
        ("a=1", {"type": "object"}, "an object", '{"name": "value"}'),
        ("tea", {"enum": [1, 2]}, "JSON", '["tea"]'),
    ],
)
def test_the_example_is_what_was_typed_where_that_can_be_told(
    text: str, schema: dict[str, Json], kind: str, example: str
) -> None:
    assert json_example(text, schema) == (kind, example)
