"""The input of a plan: what is missing, unknown or wrong is named, with what to write."""

from __future__ import annotations

import pytest

from parallel_agents.core.plan import Plan
from parallel_agents.core.plan_inputs import complete_input
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput

SCHEMA: dict[str, Json] = {
    "type": "object",
    "properties": {
        "topic": {"type": "string", "minLength": 1},
        "tone": {"type": "string", "default": "dry"},
    },
    "required": ["topic"],
}
PLAN = Plan(name="verse", steps=(), input_schema=SCHEMA)


@pytest.mark.parametrize(
    ("given", "message", "hint"),
    [
        ({}, "verse needs 'topic'", "add --input topic="),
        ({"topic": "tea", "topci": "x"}, "verse has no input 'topci'", "did you mean 'topic'"),
        ({"topic": "tea", "timeot": 3}, "verse has no input 'timeot'", "did you mean 'timeout'?"),
        (
            {"topic": ""},
            "verse does not accept this input: topic",
            "write, for example, --input topic=..., in Python",
        ),
    ],
)
def test_an_input_that_does_not_fit_says_what_to_write(
    given: dict[str, Json], message: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        complete_input(PLAN, given, ["timeout"])

    assert refused.value.message.startswith(message)
    assert hint in refused.value.hint


def test_what_is_not_given_has_its_default() -> None:
    assert complete_input(PLAN, {"topic": "tea"}) == {"topic": "tea", "tone": "dry"}
