"""What a condition read is named with its value, or with how much of it there is."""

from __future__ import annotations

import pytest

from parallel_agents.cases.seen import seen
from parallel_agents.core.gate import ConditionGate, RegexGate
from parallel_agents.core.schema import Json

ANSWER: Json = {"passes": True, "content": "a" * 90, "issues": [{"severity": "low"}]}


@pytest.mark.parametrize(
    ("condition", "expected"),
    [
        ("passes == false", "passes: true"),
        ("len(issues) == 0", "issues: 1 item"),
        ("issues[0].severity == 'high'", "issues[0].severity: 'low'"),
        ("issues[3].severity == 'high'", "issues[3].severity: missing"),
        ("score > 3", "score: missing"),
    ],
)
def test_each_value_is_named(condition: str, expected: str) -> None:
    assert seen(ConditionGate(condition=condition), ANSWER) == expected


def test_of_a_long_text_its_length_is_said() -> None:
    assert seen(ConditionGate(condition="len(content) <= 80"), ANSWER).endswith("(90 characters)")


def test_other_checks_and_plain_texts_are_shown_with_the_answer_alone() -> None:
    assert seen(RegexGate(pattern="a"), ANSWER) == ""
    assert seen(ConditionGate(condition="len(text) > 3"), "ab") == ""
