from __future__ import annotations

import os
from contextlib import redirect_stderr, suppress
from dataclasses import replace

import orjson
import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.team_result import TeamResult
from parallel_agents.core.usage import SIMULATED_NOTICE, Spend, Usage
from parallel_agents.errors import NotFound
from parallel_agents.surfaces.cli import render
from parallel_agents.views import format
from parallel_agents.views.documents import result_json


@pytest.fixture(autouse=True)
def fresh_consoles() -> None:
    """Each test has streams of its own, and a console keeps to those that it was made with."""
    render.out.cache_clear()
    render.err.cache_clear()


def result(
    status: RunStatus = RunStatus.DONE,
    output: Json = "an answer",
    *,
    label: str = "one",
    error: Failure | None = None,
    spend: Spend = Spend(Usage(10, 5), 1, 2_000_000),
) -> Result:
    return Result(
        agent="writer",
        label=label,
        status=status,
        output_json=output,
        text="",
        error=error,
        notices=(),
        model="bench/good",
        spend=spend,
        seconds=1.25,
        attempts=1,
        session_key=SessionKey("agent:writer:subagent:1"),
        run_id=RunId("run-1"),
    )


def test_an_error_is_four_lines_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    render.error(NotFound("no session 'x'", why="it is gone", hint="look again"))

    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "✖ PA-E104  no session 'x'",
        "  why   it is gone",
        "  hint  look again",
        "  docs  pagents docs E104",
    ]


def test_an_error_stays_four_lines_when_its_words_have_more(
    capsys: pytest.CaptureFixture[str],
) -> None:
    render.error(NotFound("a\nb", why="c\nd\x1b[2J", hint="e\r\nf"))

    lines = capsys.readouterr().err.splitlines()
    assert len(lines) == 4
    assert lines[1] == "  why   c d"


def test_an_error_as_json_has_the_same_fields(capsys: pytest.CaptureFixture[str]) -> None:
    render.error(NotFound("no session 'x'", hint="look again"), is_json=True)

    assert orjson.loads(capsys.readouterr().out) == {
        "schema": "pagents.error/1",
        "code": "PA-E104",
        "message": "no session 'x'",
        "why": "",
        "hint": "look again",
        "docs": "pagents docs E104",
    }


def test_the_envelope_says_when_it_does_not_hold_all(capsys: pytest.CaptureFixture[str]) -> None:
    render.envelope("list", 0.0, [{"id": "a"}], total=3, home="here")

    assert orjson.loads(capsys.readouterr().out) == {
        "schema": "pagents.list/1",
        "as_of": "1970-01-01T00:00:00+00:00",
        "truncated": True,
        "counts": {"items": 1, "total": 3},
        "home": "here",
        "items": [{"id": "a"}],
    }


def test_a_result_is_a_headline_and_its_answer(capsys: pytest.CaptureFixture[str]) -> None:
    render.result(result(output={"content": "hello"}))

    assert capsys.readouterr().out.splitlines() == [
        "✔ one  done  1.2s  10→5 tok  $0.002  bench/good",
        "  content: hello",
        "",
    ]


def test_a_failed_result_says_why_and_keeps_its_part(capsys: pytest.CaptureFixture[str]) -> None:
    cut = Failure("PA-E206", "bench broke off", "the line\nwent", "run it again")

    render.result(result(RunStatus.TIMED_OUT, "half an ans", error=cut))

    assert capsys.readouterr().out.splitlines()[1:] == [
        "  PA-E206  bench broke off",
        "  why   the line went",
        "  hint  run it again",
        "  docs  pagents docs E206",
        "  half an ans",
        "",
    ]


def test_a_label_cannot_drive_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = result(label="\x1b]0;owned\x07one")
    team = TeamResult(
        key="tea",
        status=RunStatus.DONE,
        results=(hostile,),
        session_key=SessionKey("team:crew:tea"),
        seconds=1.0,
    )

    render.result(hostile)
    render.summary(team)

    assert "\x1b" not in capsys.readouterr().out


def test_a_table_is_never_cut_away_from_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    render.table(("ID", "N", "TEXT"), [("a", "7", "word " * 60)], right=("N",))

    title, row = capsys.readouterr().out.splitlines()
    assert title == "ID  N  TEXT"
    assert row == f"a   7  {'word ' * 60}".rstrip()


def test_a_result_for_machines_has_money_as_a_decimal_string_or_null() -> None:
    priced = result_json(result())
    unpriced = result_json(result(spend=Spend(Usage(1, 1), 1, 0, unpriced_calls=1)))

    assert priced["cost"] == {"amount": "0.002000000", "currency": "USD"}
    assert unpriced["cost"] is None


def test_a_run_that_broke_off_before_a_call_was_counted_cost_nobody_knows_what() -> None:
    broken = result_json(result(RunStatus.FAILED, None, spend=Spend(uncounted_runs=1)))
    free = result_json(result(RunStatus.FAILED, None, spend=Spend(Usage(1, 1), 1, 0)))

    assert broken["cost"] is None
    assert free["cost"] == {"amount": "0.000000000", "currency": "USD"}


def test_a_note_that_nobody_reads_ends_no_process() -> None:
    read, write = os.pipe()
    os.close(read)

    with suppress(BrokenPipeError), os.fdopen(write, "w") as gone, redirect_stderr(gone):
        render.note("nobody reads this")

        assert render.err().quiet


def test_what_the_cost_says_already_is_not_noted_again() -> None:
    spend = Spend(calls=1, simulated_nanousd=1)
    found = replace(result(), spend=spend, notices=(SIMULATED_NOTICE, "cut"))

    assert format.notices(found) == ("cut",)
    assert format.notices(replace(found, spend=Spend())) == (SIMULATED_NOTICE, "cut")
