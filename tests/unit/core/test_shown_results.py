"""Interpreters and notebooks show results, and nothing that a model wrote has an effect there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.shown_results import ShownResult, counts_of, html_of, line_of, table_of
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import Spend

HOSTILE = "<script>alert(1)</script> & \u202eevil\x1b[2J <img src=x onerror=alert(1)>"
PAID = Spend(calls=1, cost_nanousd=1_200_000)
UNKNOWN = Spend(uncounted_runs=1)
SHOWN = ShownResult("tea", "writer", "done", 2.04, PAID, HOSTILE, "")


@pytest.mark.parametrize(
    "html",
    [
        html_of(SHOWN),
        html_of(SHOWN._replace(answer={"text": HOSTILE, HOSTILE: [HOSTILE]})),
        html_of(SHOWN._replace(label=HOSTILE, agent=HOSTILE, answer=None, failure=HOSTILE)),
        table_of(HOSTILE, [SHOWN, SHOWN._replace(label=HOSTILE, status=HOSTILE)]),
    ],
)
def test_what_a_model_wrote_is_only_text_on_a_page(html: str) -> None:
    assert "<script" not in html
    assert "<img" not in html
    assert "\u202e" not in html
    assert "\x1b" not in html
    assert "&lt;script&gt;" in html


def test_a_line_has_no_control_characters_and_says_how_long_a_text_is() -> None:
    line = line_of(SHOWN._replace(answer=HOSTILE * 100))

    assert line.isprintable()
    assert "6,600 characters" in line


def test_a_long_text_is_cut_where_the_page_says_so() -> None:
    many = [SHOWN._replace(answer="x" * 30_000)] * 103

    assert "30,000 characters" in html_of(many[0])
    assert "showing 100 of 103" in table_of("team", many)
    assert len(table_of("team", many)) < 100_000


def test_a_result_without_an_answer_says_why() -> None:
    failed = SHOWN._replace(answer=None, status="failed", spend=UNKNOWN, failure="PA-E201 no key")

    assert line_of(failed) == "Result('tea', failed, 2.0s, -, error='PA-E201 no key')"
    assert html_of(failed).count("PA-E201 no key") == 1


@pytest.mark.parametrize("answer", [None, ""])
def test_an_output_that_is_not_there_is_shown_as_it_is(answer: str | None) -> None:
    assert line_of(SHOWN._replace(answer=answer)).endswith(f"output={answer!r})")


def result(output: Json) -> Result:
    return Result(
        output_json=output,
        agent="writer",
        label="tea",
        status=RunStatus.DONE,
        text="",
        error=None,
        notices=(),
        model="m/one",
        spend=Spend(calls=1),
        seconds=2.04,
        attempts=1,
        session_key=SessionKey("s"),
        run_id=RunId("r"),
    )


def test_results_and_teams_show_themselves() -> None:
    done = result({"kind": "bug"})
    failed = replace(done, status=RunStatus.FAILED, output_json=None, error=Failure("PA-E1", "no"))
    team = TeamResult(
        key="k",
        status=RunStatus.PARTIAL,
        results=(done, failed),
        session_key=SessionKey("s"),
        seconds=3.0,
    )

    assert repr(done) == 'Result(\'tea\', done, 2.0s, $0, output={"kind":"bug"})'
    assert dict(failed.__rich_repr__())["error"] == "PA-E1 no"
    assert repr(team).startswith("TeamResult('k', partial, 3.0s, [Result('tea', done")
    assert "PA-E1 no" in table_of(team.key, [each.shown for each in team.results])
    assert hasattr(team, "_repr_html_")


@pytest.mark.parametrize(
    ("counts", "total", "told"),
    [
        ({}, 0, "0 rows"),
        ({"done": 1}, 1, "1 row: 1 done"),
        ({"done": 2, "failed": 0}, 3, "3 rows: 2 done"),
    ],
)
def test_counts_name_what_there_is(counts: dict[str, int], total: int, told: str) -> None:
    assert counts_of(counts.items(), total, "row") == told
