"""Conditions on answers: they read values, and nothing else."""

from __future__ import annotations

import pytest

from parallel_agents.core.expression import Expression
from parallel_agents.core.schema import Json
from parallel_agents.errors import InvalidInput

ANSWER: Json = {
    "score": 8.6,
    "issues": [{"severity": "high"}, {"severity": "low"}],
    "title": "On Rain",
    "meta": {"final": True},
    "none": None,
}


@pytest.mark.parametrize(
    "condition",
    [
        "score >= 8.5",
        "8 < score < 9",
        "len(issues) == 2 and not len(issues) == 3",
        'issues[0].severity in ["critical", "high"]',
        'lower(title) == "on rain"',
        "meta.final",
        "meta.final == true and none == null",
        "score - 0.6 == 8 or False",
        "max([1, score]) > 8 and -score < 0",
    ],
)
def test_a_true_condition_holds(condition: str) -> None:
    assert Expression(condition).holds(ANSWER)


@pytest.mark.parametrize("condition", ["score > 9", "not meta.final", "len(issues) == 0"])
def test_a_false_condition_does_not_hold(condition: str) -> None:
    assert not Expression(condition).holds(ANSWER)


def test_a_plain_text_answer_is_called_text() -> None:
    assert Expression('len(text) < 10 and "tea" in text').holds("green tea")


@pytest.mark.parametrize(
    "condition",
    [
        *("grade > 1", "title > 3", "issues[7].severity", "score / 0", "meta.other"),
        *("title * 1000000000", "issues * 1000000000 == 1", "1" + "0" * 400 + " / score > 1"),
    ],
)
def test_a_field_that_the_answer_lacks_is_named(condition: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Expression(condition).holds(ANSWER)


@pytest.mark.parametrize(
    "condition",
    [
        "",
        "score >",
        "__import__('os')",
        "open('x')",
        "score.__class__()",
        "[x for x in issues]",
        "lambda: 1",
        "score := 1",
        "f'{score}'",
        "2 ** 99999",
        "x" * 1001,
    ],
)
def test_a_condition_that_does_more_than_read_is_refused(condition: str) -> None:
    with pytest.raises(InvalidInput, match="is not a condition on an answer"):
        Expression(condition)
