"""A card counts only tests of the version that it is for, by model."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from parallel_agents.cases.card import EndedTest, card_of
from parallel_agents.cases.report import CaseTry, CheckEnd, CheckStatus, TestReport, TryStatus
from parallel_agents.core.agent import Agent
from parallel_agents.core.case import Case, digest_of
from parallel_agents.core.example import Example


def attempt(case: str, status: TryStatus, **more: Any) -> CaseTry:
    return CaseTry(case=case, number=1, model="m/one", status=status, session="s", **more)


WRITER = Agent("writer", instructions="Write.")
CASES = (Case(id="a", text="Tea", rubric="Good."), Case(id="b", text="Rain", rubric="Good."))


def report(*tries: CaseTry, version: str = digest_of(WRITER, CASES)) -> TestReport:
    return TestReport(agent="writer", version=version, tries=tries)


def test_numbers_of_other_versions_are_not_mixed() -> None:
    now = report(attempt("a", TryStatus.PASSED, cost_usd=0.2, seconds=2.0))
    before = report(attempt("a", TryStatus.FAILED), version="before")

    card = card_of(WRITER, CASES, [EndedTest(now, 5.0), EndedTest(before, 9.0)])

    (model,) = card.models
    assert (model.passed, model.tried, model.at) == (1, 1, 5.0)
    assert card.other_versions == 1


def test_what_was_not_tried_neither_passes_nor_fails() -> None:
    tries = (attempt("a", TryStatus.PASSED), attempt("b", TryStatus.NOT_TRIED, why="no key"))

    (model,) = card_of(WRITER, CASES, [EndedTest(report(*tries), 1.0)]).models

    assert (model.passed, model.tried, model.not_tried) == (1, 1, ("no key",))


def test_an_unknown_price_is_not_nothing() -> None:
    tries = (attempt("a", TryStatus.PASSED, cost_usd=0.1), attempt("b", TryStatus.PASSED))

    (model,) = card_of(WRITER, CASES, [EndedTest(report(*tries), 1.0)]).models

    assert model.cost_usd is None


def test_failing_cases_and_rubrics_without_a_judge_are_named() -> None:
    unjudged = CheckEnd(
        check="judge", status=CheckStatus.NOT_JUDGED, why="weak model", is_rubric=True
    )
    tries = (attempt("a", TryStatus.PASSED, checks=(unjudged,)), attempt("a", TryStatus.FAILED))

    (model,) = card_of(WRITER, CASES, [EndedTest(report(*tries), 1.0)]).models

    assert model.failing == ("a (1 of 2 passed)",)
    assert model.not_judged == ("weak model",)


def test_cases_whose_answers_the_model_is_shown_are_named() -> None:
    shown = replace(WRITER, examples=(Example("Tea", "Leaves."), Example("Snow", "White.")))

    card = card_of(shown, CASES, [])

    assert card.examples == 2
    assert card.told == ("a",)
