"""The steps of a flow that are no sessions stand in its table, without an id."""

from __future__ import annotations

import pytest

from parallel_agents.surfaces.cli.session_table import print_steps
from parallel_agents.views.flow_steps import FlowStep


def test_a_function_is_a_row_with_its_state_and_what_it_came_to(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = [
        FlowStep(
            name="send",
            kind="function",
            state="failed",
            began_at=0.0,
            seconds=1.5,
            text="PA-E321 no",
        ),
        FlowStep(name="publish", kind="question", state="withdrawn", began_at=1.0, text="asks you"),
    ]

    print_steps(steps)
    told = capsys.readouterr()

    assert [line.split() for line in told.out.splitlines()] == [
        ["ID", "LABEL", "STATE", "DOING", "TIME", "COST"],
        ["send", "✖", "failed", "PA-E321", "no", "1.5s"],
        ["publish", "■", "withdrawn", "asks", "you"],
    ]
    assert told.err == ""


def test_a_flow_without_steps_has_no_table(capsys: pytest.CaptureFixture[str]) -> None:
    print_steps([])

    assert capsys.readouterr() == ("", "")
