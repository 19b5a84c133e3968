"""What tests came to is shown without a silent pass, and what models write cannot drive the terminal."""

from __future__ import annotations

from typing import Any

from parallel_agents.cases.report import CaseTry, CheckEnd, CheckStatus, TestReport, TryStatus
from parallel_agents.views.case_tests import dollars, regressions, sum_line, try_lines

UNJUDGED = CheckEnd(check="judge", status=CheckStatus.NOT_JUDGED, why="weak", is_rubric=True)
FAILED = CheckEnd(check="len(text) > 9", status=CheckStatus.FAILED, why="It is short.")


def attempt(case: str, status: TryStatus, **more: Any) -> CaseTry:
    return CaseTry(case=case, number=1, model="m/one", status=status, session="s", **more)


def test_a_passed_try_says_that_its_rubric_was_not_judged() -> None:
    lines = try_lines(attempt("a", TryStatus.PASSED, checks=(UNJUDGED,), cost_usd=0.0))

    assert lines == ["✔ a  0.0s  free", "    rubric not judged: weak"]


def test_a_failed_try_says_which_check_failed_and_what_it_saw_on_one_line() -> None:
    lines = try_lines(attempt("a", TryStatus.FAILED, checks=(FAILED,), saw="a\x1b[31m\nb" * 200))

    assert lines[1] == "    failed: len(text) > 9: It is short."
    assert len(lines[2]) < 200
    assert "\x1b" not in lines[2]


def test_what_was_checked_is_shown_once_and_below_it_what_was_seen() -> None:
    condition = CheckEnd(
        check="len(issues) == 0",
        status=CheckStatus.FAILED,
        why="The answer must satisfy len(issues) == 0.",
        saw="issues: 2 items",
    )
    pattern = CheckEnd(
        check="not_regex (?i)todo",
        status=CheckStatus.FAILED,
        why="The text must not match (?i)todo.",
    )

    lines = try_lines(attempt("a", TryStatus.FAILED, checks=(condition, pattern)))

    assert lines[1:] == [
        "    failed: len(issues) == 0",
        "      saw issues: 2 items",
        "    failed: not_regex (?i)todo",
    ]


def test_a_workspace_that_was_kept_is_named() -> None:
    assert try_lines(attempt("a", TryStatus.PASSED, folder="/f/a"))[-1] == "    kept: /f/a"


def test_what_was_not_tried_says_why() -> None:
    assert try_lines(attempt("a", TryStatus.NOT_TRIED, why="no key")) == ["○ a  not tried: no key"]


def test_an_unknown_cost_is_a_dash() -> None:
    assert [dollars(None), dollars(0.0), dollars(0.25)] == ["—", "free", "$0.250"]


def test_the_sum_has_an_interval_and_what_was_not_tried() -> None:
    tries = (
        attempt("a", TryStatus.PASSED, cost_usd=0.1),
        attempt("b", TryStatus.FAILED, cost_usd=0.1),
        attempt("c", TryStatus.NOT_TRIED, cost_usd=0.0),
    )
    report = TestReport(agent="writer", version="v", tries=tries)

    assert sum_line(report) == (
        "1 of 3 passed, 1 failed, 1 not tried   50% of those tried, 95 % interval 9% to 91%"
        "   0.0s   $0.200"
    )


def test_a_case_that_passed_before_and_does_not_now_is_lost() -> None:
    now = TestReport(
        agent="w",
        version="2",
        tries=(attempt("a", TryStatus.FAILED), attempt("b", TryStatus.PASSED)),
    )
    before = TestReport(
        agent="w",
        version="1",
        tries=(attempt("a", TryStatus.PASSED), attempt("b", TryStatus.FAILED)),
    )

    assert regressions([now, before]) == ["a on m/one"]
