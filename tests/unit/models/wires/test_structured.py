"""A schema that a server would not take as it is, is asked for in a form that it does take."""

from __future__ import annotations

import pytest

from parallel_agents.core.schema import JsonObject, compiled
from parallel_agents.models.wires.structured import has_object_root, with_schema, wrapped

TEXT: JsonObject = {"type": "string"}
CLOSED: JsonObject = {
    "type": "object",
    "properties": {"a": TEXT},
    "required": ["a"],
    "additionalProperties": False,
}


def test_the_words_of_a_schema_come_after_the_instructions() -> None:
    system = with_schema("Be brief.", CLOSED)

    assert system.startswith("Be brief.\n\nAnswer with one JSON value")
    assert system.endswith('"additionalProperties":false}')
    assert with_schema("", TEXT).startswith("Answer with one JSON value")


@pytest.mark.parametrize(
    "schema",
    [
        TEXT,
        {"type": "array", "items": TEXT},
        {"anyOf": [CLOSED]},
        {"$ref": "#/$defs/x", "$defs": {"x": CLOSED}},
        {"enum": ["x"]},
        {**CLOSED, "oneOf": [CLOSED]},
    ],
)
def test_a_schema_without_an_object_at_its_root_is_wrapped(schema: JsonObject) -> None:
    assert not has_object_root(schema)
    assert has_object_root(wrapped(schema))
    compiled(wrapped(schema))


def test_a_plain_object_is_sent_as_it_is() -> None:
    assert has_object_root(CLOSED)
