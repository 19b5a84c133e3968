"""Conditions are compared with the output schema before any work."""

from __future__ import annotations

import pytest

from parallel_agents.core.condition_fields import check_conditions
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import InvalidInput

CLOSED: JsonObject = {
    "type": "object",
    "properties": {"issues": {"type": "array"}, "score": {"type": "number"}},
    "additionalProperties": False,
}


@pytest.mark.parametrize(
    ("condition", "hint"),
    [
        ("isues == 3", "did you mean issues?"),
        ("len(isues) == 3", "did you mean issues?"),
        ("score > 3 and text.x", "name a field of the output schema"),
    ],
)
def test_a_field_that_no_answer_can_have_is_refused(condition: str, hint: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        check_conditions([ConditionGate(condition=condition)], CLOSED)
    assert caught.value.hint == hint


@pytest.mark.parametrize(
    ("condition", "schema"),
    [
        ("len(issues) == 3 and score > 1 and true", CLOSED),
        ("isues == 3", None),
        ("isues == 3", {**CLOSED, "additionalProperties": True}),
        ("isues == 3", {**CLOSED, "patternProperties": {"^is": {}}}),
    ],
)
def test_a_field_that_an_answer_may_have_is_not_refused(
    condition: str, schema: JsonObject | None
) -> None:
    check_conditions([ConditionGate(condition=condition)], schema)
