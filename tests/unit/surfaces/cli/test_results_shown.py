from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Failure, Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend, Usage
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.output_option import Form
from parallel_agents.surfaces.cli.results_shown import print_results


@pytest.fixture(autouse=True)
def fresh_consoles() -> None:
    render.out.cache_clear()
    render.err.cache_clear()


def result(output: Json, *, label: str = "one", failure: Failure | None = None) -> Result:
    return Result(
        agent="writer",
        label=label,
        status=RunStatus.DONE if failure is None else RunStatus.FAILED,
        output_json=output,
        text="",
        error=failure,
        notices=(),
        model="bench/good",
        spend=Spend(Usage(10, 5), 1, 2_000_000),
        seconds=1.25,
        attempts=1,
        session_key=SessionKey(f"agent:writer:subagent:{label}"),
        run_id=RunId("run-1"),
    )


ANSWER: Json = {"title": "Tea", "tags": ["a", "b"]}


@pytest.mark.parametrize(
    ("answer", "form", "printed"),
    [
        ("Tea.\n", Form.TEXT, "Tea.\n"),
        (ANSWER, Form.TEXT, "title: Tea\ntags:\n  - a\n  - b\n"),
        ("# Tea", Form.MD, "# Tea\n"),
        (ANSWER, Form.MD, "## title\n\nTea\n\n## tags\n\n- a\n- b\n"),
        ([1], Form.MD, "```json\n[\n  1\n]\n```\n"),
        ("```python\nx = 1\n```", Form.MD, "```python\nx = 1\n```\n"),
        ("Tea.", Form.ID, "one\n"),
    ],
)
def test_an_answer_is_alone_on_stdout(
    answer: Json, form: Form, printed: str, capsys: pytest.CaptureFixture[str]
) -> None:
    print_results([result(answer)], form)

    assert capsys.readouterr().out == printed


def test_a_session_that_was_named_is_called_so(capsys: pytest.CaptureFixture[str]) -> None:
    named = result("Tea.")

    print_results([named], Form.ID, {named.session_key: "monday"})

    assert capsys.readouterr().out == "monday\n"


def test_how_it_ended_is_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    print_results([result(None, failure=Failure("PA-E301", "no answer"))], Form.TEXT)

    shown = capsys.readouterr()
    assert shown.out == ""
    assert "✖ one  failed" in shown.err
    assert "PA-E301  no answer" in shown.err


def test_several_answers_are_under_their_labels(capsys: pytest.CaptureFixture[str]) -> None:
    print_results([result("1", label="a"), result("2", label="b")], Form.TEXT)

    assert capsys.readouterr().out == "# a\n\n1\n\n# b\n\n2\n"


def test_a_table_has_a_line_for_each(capsys: pytest.CaptureFixture[str]) -> None:
    print_results([result("1", label="a"), result("2", label="b")], Form.TABLE)

    assert [line.split()[:3] for line in capsys.readouterr().out.splitlines()] == [
        ["ID", "STATUS", "AGENT"],
        ["a", "✔", "done"],
        ["b", "✔", "done"],
    ]
