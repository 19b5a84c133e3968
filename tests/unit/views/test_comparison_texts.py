from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.comparing.comparison import Comparison
from parallel_agents.comparing.text_diff import text_diff
from parallel_agents.comparing.whole import Side
from parallel_agents.core.run import RunStatus
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.views.comparison_texts import (
    comparison_md,
    diff_lines,
    figures_of,
    more_cost,
    notes_of,
    outcome_of,
    score_of,
    table_of,
)
from tests.unit.views.test_session_tree import line

DOLLAR = 1_000_000_000


def side(usd: float = 0.5, **more: object) -> Side:
    spend = Spend(Usage(input_tokens=900, output_tokens=100), 1, int(usd * DOLLAR))
    found = Side(
        row=line("tea").row, status=RunStatus.DONE, seconds=2.0, spend=spend, whole_spend=spend
    )
    return replace(found, **more)


def compared(a: Side, b: Side) -> Comparison:
    return Comparison(
        a=a,
        b=b,
        rows=(),
        identical=0,
        changed=(),
        changed_left=0,
        divergence=None,
        output=text_diff("Well", "Better <b>"),
    )


def test_figures_say_both_and_how_much_more_it_is() -> None:
    figures = dict(figures_of(compared(side(), side(0.75, seconds=3.5, score=8.0))))

    assert figures == {
        "outcome": "✔ done",
        "time": "2.0s → 3.5s (+1.5s)",
        "cost": "$0.500 → $0.750 (+50 %)",
        "tokens": "1,000",
        "score": "— → 8",
    }


def test_an_unknown_cost_is_a_dash_and_so_is_its_difference() -> None:
    unknown = Spend(Usage(input_tokens=1), 1, 0, 1)
    other = side(spend=unknown, whole_spend=unknown)

    assert dict(figures_of(compared(side(), other)))["cost"] == "$0.500 → —"
    assert more_cost(side(), other) == "—"
    assert more_cost(side(), None) == "—"


@pytest.mark.parametrize(
    ("usd", "told"),
    [(0.5, "$0"), (0.5001, "+<$0.001"), (0.75, "+$0.250"), (0.25, "−$0.250")],  # noqa: RUF001 - a minus sign
)
def test_a_difference_in_dollars_has_a_sign(usd: float, told: str) -> None:
    assert more_cost(side(), side(usd)) == told


def test_what_has_not_ended_is_so_far() -> None:
    live = side(status=RunStatus.RUNNING)

    assert outcome_of(live) == "▶ running so far"
    assert list(notes_of(compared(side(), live))) == ["B has not ended: this is so far."]
    assert "They did the same so far." in comparison_md(compared(side(), live))


def test_attempts_and_scores_are_told_where_there_are_some() -> None:
    assert outcome_of(side(attempts=3)) == "✔ done in 3"
    assert outcome_of(None) == "—"
    assert score_of(side(score=9.1), side(score=8.4)) == "9.1 → 8.4"
    assert score_of(side(), side()) == ""


def test_a_table_without_scores_has_no_column_for_them() -> None:
    assert table_of([]) == (("AGENT", "A", "B", "Δ COST", "Δ TIME", "WHY"), [])


def test_a_difference_has_signs_and_texts_that_differ_in_line_ends_say_so() -> None:
    assert [text for _, text in diff_lines(text_diff("a\nb", "a\nc"))] == ["  a", "- b", "+ c"]
    assert [text for _, text in diff_lines(text_diff("a", "a\n"))] == [
        "  only the line ends differ"
    ]


def test_no_text_makes_a_line_with_a_sign_of_its_own() -> None:
    diff = text_diff("tea\r+ paid", "tea\r\u2028+ free\x85- x")

    told = [text for _, text in diff_lines(diff)]

    assert [text[:2] for text in told] == ["- ", "+ "]
    assert not any("\n" in text or "\r" in text for text in told)


def test_the_markdown_of_texts_is_data() -> None:
    told = comparison_md(compared(side(), side()))

    assert "```diff\n- Well\n+ Better <b>\n```" in told
    assert told.startswith("# tea")
