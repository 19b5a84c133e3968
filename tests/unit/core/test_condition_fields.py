"""Conditions are compared with the output schema before any work."""

from __future__ import annotations

import pytest

from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.gate import ConditionGate, QuotesGate
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput

CLOSED: JsonObject = {
    "type": "object",
    "properties": {"issues": {"type": "array"}, "score": {"type": "number"}},
    "additionalProperties": False,
}


NESTED: JsonObject = {
    "type": "object",
    "properties": {
        "issues": {"type": "array", "items": {"$ref": "#/$defs/issue"}},
        "first": {"anyOf": [{"$ref": "#/$defs/issue"}, {"type": "null"}]},
        "open": {"type": "object"},
        "round": {"anyOf": [{"$ref": "#"}, {"$ref": "#/properties/round"}]},
    },
    "$defs": {
        "issue": {
            "type": "object",
            "properties": {"severity": {"type": "string"}},
            "additionalProperties": False,
        }
    },
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("schema", "condition", "named", "hint"),
    [
        (CLOSED, "isues == 3", "isues", "did you mean issues?"),
        (CLOSED, "len(isues) == 3", "isues", "did you mean issues?"),
        (CLOSED, "score > 3 and text.x", "text", "name a field"),
        (CLOSED, "score.value > 3", "score.value", "name a field"),
        (CLOSED, "score[0] > 3", "score[0]", "name a field"),
        (CLOSED, "issues.high == 3", "issues.high", "name a field"),
        (NESTED, "issues[0].sevrity == 3", "issues[0].sevrity", "mean issues[0].severity?"),
        (NESTED, 'issues[0]["sevrity"] == 3', "issues[0].sevrity", "mean issues[0].severity?"),
        (NESTED, "first.sevrity == 3", "first.sevrity", "did you mean first.severity?"),
        (NESTED, "first.severity.x == 3", "first.severity.x", "name a field"),
        (None, "score >= 8", "score", "name a field"),
        (None, "text.length > 8", "text.length", "name a field"),
        ({"type": "array"}, "itms[0] == 1", "itms", "name a field"),
    ],
)
def test_a_field_that_no_answer_can_have_is_refused(
    schema: JsonObject | None, condition: str, named: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_conditions([ConditionGate(condition=condition)], schema)
    assert f" reads {named}, which no answer" in caught.value.message
    assert hint in caught.value.hint


@pytest.mark.parametrize(
    ("condition", "schema"),
    [
        ("len(issues) == 3 and score > 1 and true", CLOSED),
        ('issues[0].severity == "x" and first.severity == "x"', NESTED),
        ("open.anything.at_all == 3 and round.anything == 3", NESTED),
        ("isues == 3", {**CLOSED, "additionalProperties": True}),
        ("isues == 3", {**CLOSED, "patternProperties": {"^is": {}}}),
        ("len(text) < 3 and text[0] == lower(text[0])", None),
        ("items[0].score == 3", {"type": "array"}),
        (
            "score.value == 3",
            {"type": "object", "properties": {"score": {"type": ["object", "null"]}}},
        ),
    ],
)
def test_a_field_that_an_answer_may_have_is_not_refused(
    condition: str, schema: JsonObject | None
) -> None:
    check_conditions([ConditionGate(condition=condition)], schema)


@pytest.mark.parametrize(
    ("items", "fields", "named"),
    [("isues", ["severity"], "isues"), ("issues", ["severity", "line"], "issues[0].line")],
)
def test_quotes_that_no_answer_can_have_are_refused(
    items: str, fields: list[str], named: str
) -> None:
    gate = QuotesGate(items=items, fields=tuple(fields))

    with pytest.raises(InvalidInput) as caught:
        check_conditions([gate], NESTED)

    assert f"reads {named}, which no answer can have" in caught.value.message


def test_quotes_in_lists_are_found() -> None:
    check_conditions([QuotesGate(items="issues", fields=("severity",))], NESTED)
    check_conditions([QuotesGate(items="open.items", fields=("severity",))], NESTED)
