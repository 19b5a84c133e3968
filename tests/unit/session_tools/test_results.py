"""What a parent is told of children that have ended fits its context, however many they are."""

from __future__ import annotations

from dataclasses import replace

import pytest

from parallel_agents.core.artifact import Artifact
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.kept import ANSWER_NOW
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.usage import Spend
from parallel_agents.session_tools.results import report, result_row, shared


def ended(number: int, text: str) -> Result:
    return Result(
        agent="worker",
        label=f"worker-{number}",
        status=RunStatus.DONE,
        output_json=text,
        text=text,
        error=None,
        notices=(),
        model="m/small",
        spend=Spend(),
        seconds=1.0,
        attempts=1,
        session_key=SessionKey(f"agent:worker:subagent:{number}"),
        run_id=RunId(f"run-{number}"),
    )


@pytest.mark.parametrize(
    ("children", "tokens"), [(0, 2000), (1, 2000), (4, 2000), (8, 1000), (80, 100), (1000, 25)]
)
def test_the_outputs_of_many_children_share_what_four_get(children: int, tokens: int) -> None:
    results = [ended(number, "") for number in range(children)]

    assert shared(2000, results) == tokens


def test_a_small_limit_is_not_raised_for_many() -> None:
    assert shared(10, [ended(1, ""), ended(2, "")]) == 10


def test_a_report_on_many_children_names_each_and_has_a_bound() -> None:
    results = [ended(number, "x" * 100_000) for number in range(100)]

    text = report(results, max_tokens=2000)

    assert all(f"worker-{number} " in text for number in range(100))
    assert len(text) < 100 * 600
    assert text.endswith(ANSWER_NOW)


def test_a_parent_is_told_the_ids_of_what_its_child_shared() -> None:
    chart = Artifact(id="ab" * 32, name="chart.png", media_type="image/png", size=7)
    result = replace(ended(1, "done"), artifacts=(chart,))

    row = result_row(result, max_tokens=100)

    assert row["artifacts"] == [{"id": "abababababab", "name": "chart.png", "bytes": 7}]
    assert '"id":"abababababab"' in report([result], max_tokens=100)


def test_a_parent_is_told_what_is_to_be_known_of_a_result_such_as_that_it_is_simulated() -> None:
    result = replace(ended(1, "done"), notices=("simulated: answers are made up", "x" * 10_000))

    row = result_row(result, max_tokens=100)

    assert row["notices"] == ["simulated: answers are made up", "x" * 200]
    assert "simulated: answers are made up" in report([result], max_tokens=100)
    assert "notices" not in result_row(ended(1, "done"), max_tokens=100)
