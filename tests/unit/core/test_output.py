"""Which texts of an accepted answer were probably cut at their longest length."""

from __future__ import annotations

import pytest

from parallel_agents.core.output import Rejected, check_output, cut_texts
from parallel_agents.core.schema import Json, JsonObject

SCHEMA: JsonObject = {
    "type": "object",
    "properties": {
        "content": {"type": "string", "maxLength": 12},
        "mood": {"enum": ["enthusiastic"], "maxLength": 12},
        "issues": {"type": "array", "items": {"$ref": "#/$defs/issue"}},
    },
    "$defs": {"issue": {"properties": {"fix": {"type": "string", "maxLength": 4}}}},
}


@pytest.mark.parametrize("text", ["Cats are sma", "Cats, dogs, ", 'She said "a"'])
def test_a_text_that_stops_in_a_sentence_at_its_longest_length_was_cut(text: str) -> None:
    cut = cut_texts({"content": text}, SCHEMA)

    assert cut == ("content was probably cut: it ends at its limit of 12 characters",)


@pytest.mark.parametrize("text", ["Cats are sm", "Cats nap on.", 'Say "meow!"'.ljust(12)])
def test_a_text_that_is_shorter_or_ends_a_sentence_was_not_cut(text: str) -> None:
    value: Json = {"content": text, "mood": "enthusiastic", "unknown": "x"}

    assert cut_texts(value, SCHEMA) == ()


def test_a_cut_text_is_found_below_lists_and_references() -> None:
    cut = cut_texts({"issues": [{"fix": "No."}, {"fix": "Rena"}]}, SCHEMA)

    assert cut == ("issues/1/fix was probably cut: it ends at its limit of 4 characters",)


@pytest.mark.parametrize("schema", [None, {}, {"$ref": "#/$defs/nothing"}, {"items": True}])
def test_without_a_longest_length_nothing_was_cut(schema: JsonObject | None) -> None:
    assert cut_texts(["text", "other"], schema) == ()


def test_an_answer_that_is_a_text_can_be_cut_too() -> None:
    assert cut_texts("Cats", {"type": "string", "maxLength": 4}) == (
        "the answer was probably cut: it ends at its limit of 4 characters",
    )


@pytest.mark.parametrize("levels", [129, 255, 300, 900])
def test_json_that_is_too_deep_is_an_answer_to_be_repaired(levels: int) -> None:
    text = '{"a":' * levels + "1" + "}" * levels

    assert check_output(text, {"type": "object"}) == Rejected(("it has more than 128 levels",))
