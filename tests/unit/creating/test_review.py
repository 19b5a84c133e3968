"""A review counts only as far as its quotes are in what the reviewer read."""

from __future__ import annotations

import pytest

from parallel_agents.core.run import RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.creating.review import Review, read_review
from tests.unit.quality.test_judge import result

SHOWN = ("Sort the ticket.\nReturn reason and kind.", "passed a_bug: it answered: {}")


def criterion(evidence: str, score: Json = 9, name: str = "purpose") -> Json:
    return {"name": name, "evidence": evidence, "reason": "", "score": score}


def review(*criteria: Json, critique: str = "") -> Review:
    return read_review(result({"criteria": list(criteria), "critique": critique}), SHOWN)


@pytest.mark.parametrize(
    "evidence",
    [
        "Sort the ticket.",
        '"sort  the TICKET"',
        "Return reason and kind. … passed a_bug: it answered",
        "ticket. return reason",
    ],
)
def test_a_quote_that_is_there_counts(evidence: str) -> None:
    assert review(criterion(evidence)).score == 9


@pytest.mark.parametrize(
    "evidence",
    [
        "",
        "It is great.",
        "...",
        "Sort the mail",
        "a",
        7,
        "kind.",
        "Sort the",
        "ort the tick",
        "the",
    ],
)
def test_a_quote_that_is_not_there_does_not_count(evidence: str) -> None:
    found = review(criterion(evidence))

    assert found.score is None
    assert found.why.startswith("1 of its 1 quotes are not in what it read")


def test_the_score_is_the_mean_of_what_counts() -> None:
    quoted, made_up = "Sort the ticket", criterion("The best agent ever", 10, "output")
    other = criterion("Return reason and kind", 7, "limits")

    assert review(criterion(quoted, 8), other, made_up).score == 7.5
    assert review(criterion(quoted, 8), made_up, made_up).score is None


def test_a_low_score_without_a_quote_counts_nevertheless() -> None:
    found = review(criterion("Sort the ticket", 9), criterion("made up by me", 3, "output"))

    assert found.score == 6


@pytest.mark.parametrize(
    ("evidence", "name"),
    [
        ("Sort the ticket", "output"),
        ("the ticket. Return", "purpose"),
        ("Sort the ticket.\nReturn", "cases"),
    ],
)
def test_one_quote_or_one_name_does_not_count_for_two_criteria(evidence: str, name: str) -> None:
    first = criterion("Sort the ticket", 8)

    assert review(first, criterion(evidence, 10, name)).score == 8
    assert review(first, *[criterion(evidence, 10, name)] * 2).score is None


@pytest.mark.parametrize("score", [11, -1, "9", True, None])
def test_what_is_not_a_score_does_not_count(score: Json) -> None:
    assert review(criterion("Sort the ticket", score)).score is None


def test_the_critique_is_kept_and_bounded() -> None:
    assert review(criterion("Sort the ticket"), critique="Shorter.").critique == "Shorter."
    assert len(review(critique="x" * 9000).critique) <= 4000


def test_without_a_review_there_is_no_score() -> None:
    assert read_review(result("9 of 10"), SHOWN).score is None
    assert read_review(result(None, RunStatus.FAILED), SHOWN).why == "it gave no review"
