"""Conditions on answers: they read values, and nothing else."""

from __future__ import annotations

import pytest

from parallel_agents.core.expression import Expression, Lacking, Unfit
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
    ("condition", "why"),
    [
        ("grade > 1", "no field 'grade', only 'score', 'issues', 'title', 'meta', 'none'"),
        ("meta.other", "no field 'other', only 'final'"),
        ("issues[7].severity", "index out of range"),
        ("score / 0", "division by zero"),
        ("min([]) > 1", "empty"),
        ("1" + "0" * 400 + " / score > 1", "too large"),
        ("none > 3", "a value is null"),
        ("3 in none", "a value is null"),
        ("sum([1, none]) > 3", "a value is null"),
        ("-none > 3", "a value is null"),
        ("none.x > 3", "to have 'x' is null"),
    ],
)
def test_what_the_answer_lacks_is_named(condition: str, why: str) -> None:
    with pytest.raises(Lacking, match=why):
        Expression(condition).holds(ANSWER)


@pytest.mark.parametrize(
    "condition",
    [
        *("title > 3", "len(score) > 1", "score.value > 1", "title.x", 'issues["x"] == 1'),
        *("title * 1000000000", "issues * 1000000000 == 1", "lower(score) == 'x'", "-title == 1"),
        "score[0] > 1",
    ],
)
def test_a_condition_that_does_not_fit_its_values_is_no_lack_of_the_answer(condition: str) -> None:
    with pytest.raises(Unfit, match=r".+"):
        Expression(condition).holds(ANSWER)


def test_the_fields_of_a_huge_answer_are_not_all_listed() -> None:
    with pytest.raises(Lacking, match="and 9980 more") as caught:
        Expression("x > 1").holds({"n" * 1000 + str(n): n for n in range(10_000)})
    assert len(str(caught.value)) < 2000


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
