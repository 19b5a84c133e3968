"""Names that an object's schema does not list are refused, unless it takes others."""

from __future__ import annotations

import pytest

from parallel_agents.core.object_schema import check_names, check_spelling
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput

LISTED: JsonObject = {"type": "object", "properties": {"tone": {"type": "string"}, "topic": {}}}
OPEN: list[JsonObject] = [
    {"type": "object"},
    {**LISTED, "additionalProperties": True},
    {**LISTED, "patternProperties": {"x": {}}},
    {**LISTED, "anyOf": [{"properties": {"tonne": {}}}]},
]


def test_a_name_that_is_not_listed_is_refused_with_what_was_meant() -> None:
    with pytest.raises(InvalidInput, match="no input is called 'tonne'") as refused:
        check_names(["topic", "tonne"], LISTED)

    assert refused.value.hint == "did you mean 'tone'?"


@pytest.mark.parametrize("schema", OPEN)
def test_a_schema_may_take_other_names(schema: JsonObject) -> None:
    check_names(["tonne"], schema)


def test_choices_of_what_is_required_name_nothing_more() -> None:
    with pytest.raises(InvalidInput):
        check_names(["tonne"], {**LISTED, "anyOf": [{"required": ["tone"]}]})


def test_a_name_that_is_not_listed_is_taken_unless_it_is_misspelt() -> None:
    check_spelling({"topic": 1, "database": 2}, LISTED)
    check_spelling({"tone": 1, "tonne": 2}, LISTED)

    with pytest.raises(InvalidInput, match="no input is called 'tonne'"):
        check_spelling({"tonne": 1}, LISTED)
