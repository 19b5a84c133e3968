"""Gates that need only the answer, how gates are described, and the order in which they are checked."""

from __future__ import annotations

import pytest

from parallel_agents.core.gate import (
    CommandGate,
    ConditionGate,
    FunctionGate,
    Gate,
    JudgeGate,
    RegexGate,
    ScoreGate,
    cheapest_first,
    condition_verdict,
    describe_gate,
    regex_verdict,
)
from parallel_agents.core.schema import Json
from parallel_agents.errors import GateBroken, InvalidInput

JUDGE = JudgeGate(rubric="It rhymes.", at_least=7)
COMMAND = CommandGate(command=("ruff", "check", "-"))
SCORE = ScoreGate(function="rate", at_least=9)
FUNCTION = FunctionGate(function="is_short")
REGEX = RegexGate(pattern="^A")
CONDITION = ConditionGate(condition="score >= 8")


def test_the_cheapest_gates_are_checked_first_and_those_of_one_kind_in_their_order() -> None:
    other = ConditionGate(condition="done")

    ordered = cheapest_first((JUDGE, COMMAND, SCORE, FUNCTION, CONDITION, REGEX, other))

    assert ordered == [CONDITION, other, REGEX, FUNCTION, SCORE, COMMAND, JUDGE]


@pytest.mark.parametrize(
    ("gate", "text"),
    [
        (CONDITION, "score >= 8"),
        (REGEX, "regex ^A"),
        (RegexGate(pattern="TODO", is_negated=True), "not_regex TODO"),
        (FUNCTION, "is_short"),
        (SCORE, "rate, at least 9"),
        (COMMAND, "ruff check -"),
        (JUDGE, "judge, at least 7"),
    ],
)
def test_a_gate_is_described_in_a_few_words(gate: Gate, text: str) -> None:
    assert describe_gate(gate) == text


@pytest.mark.parametrize(
    ("gate", "answer", "critique"),
    [
        (CONDITION, {"score": 8}, ""),
        (CONDITION, {"score": 7}, "The answer must satisfy score >= 8."),
        (
            CONDITION,
            {},
            "The answer must satisfy score >= 8 (there is no field 'score', nor any other).",
        ),
    ],
)
def test_a_condition_that_refuses_has_a_critique(
    gate: ConditionGate, answer: Json, critique: str
) -> None:
    verdict = condition_verdict(gate, answer)

    assert verdict.critique == critique
    assert verdict.is_accepted == (critique == "")
    assert verdict.gate == describe_gate(gate)


def test_a_condition_that_does_not_fit_the_answer_gives_no_verdict() -> None:
    with pytest.raises(GateBroken, match="score >= 8 cannot be evaluated") as caught:
        condition_verdict(CONDITION, {"score": "good"})
    assert "'str' and 'int'" in caught.value.why


@pytest.mark.parametrize(
    ("gate", "is_found", "critique"),
    [
        (REGEX, True, ""),
        (REGEX, False, "The text must match ^A."),
        (RegexGate(pattern="TODO", is_negated=True), False, ""),
        (RegexGate(pattern="TODO", is_negated=True), True, "The text must not match TODO."),
    ],
)
def test_a_pattern_that_refuses_has_a_critique(
    gate: RegexGate, is_found: bool, critique: str
) -> None:
    verdict = regex_verdict(gate, is_found=is_found)

    assert verdict.critique == critique
    assert verdict.is_accepted == (critique == "")
    assert verdict.gate == describe_gate(gate)


@pytest.mark.parametrize("pattern", ["(", "(" * 5000 + ")" * 5000, "a{99999999999}"])
def test_an_invalid_pattern_is_refused_when_the_gate_is_made(pattern: str) -> None:
    with pytest.raises(InvalidInput, match="is not a regular expression"):
        RegexGate(pattern=pattern)


@pytest.mark.parametrize("votes", [0, 10])
def test_a_judge_has_one_to_nine_votes(votes: int) -> None:
    with pytest.raises(InvalidInput, match=f"a judge cannot have {votes} votes"):
        JudgeGate(rubric="It rhymes.", votes=votes)


@pytest.mark.parametrize("at_least", [-1.0, 10.5])
def test_a_score_is_zero_to_ten(at_least: float) -> None:
    with pytest.raises(InvalidInput, match=f"at_least cannot be {at_least}"):
        ScoreGate(function="rate", at_least=at_least)
