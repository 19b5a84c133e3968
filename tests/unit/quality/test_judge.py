"""A judge's answer is a vote only if it has a score that counts."""

from __future__ import annotations

import pytest

from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.core.schema import Json
from parallel_agents.core.usage import Spend
from parallel_agents.quality.judge import vote_of


def result(output: Json, status: RunStatus = RunStatus.DONE) -> Result:
    return Result(
        agent="judge",
        label="judge",
        status=status,
        output_json=output,
        text="",
        error=None,
        notices=(),
        model="scripted/judge",
        spend=Spend(),
        seconds=1.0,
        attempts=1,
        session_key=SessionKey("agent:judge:subagent:1"),
        run_id=RunId("1"),
    )


@pytest.mark.parametrize(
    ("output", "vote"),
    [
        ({"score": 8, "critique": "Too long."}, (8.0, "Too long.")),
        ({"score": 8}, (8.0, "")),
        ({"score": 8, "critique": None}, (8.0, "")),
        ({"criteria": [{"score": 6}, {"score": 9}], "critique": "Dull."}, (7.5, "Dull.")),
        ({"criteria": [{"score": 6}, {"name": "rhyme"}], "critique": ""}, (6.0, "")),
        ({"criteria": "none", "score": 5}, (5.0, "")),
    ],
)
def test_a_vote_is_the_score_or_the_mean_of_the_criteria(
    output: Json, vote: tuple[float, str]
) -> None:
    assert vote_of(result(output)) == vote


@pytest.mark.parametrize(
    "output",
    [
        None,
        "8",
        {},
        {"score": "8"},
        {"score": True},
        {"score": 11},
        {"score": -1},
        {"criteria": []},
        {"criteria": ["8"]},
    ],
)
def test_an_answer_without_a_score_is_no_vote(output: Json) -> None:
    assert vote_of(result(output)) is None


def test_a_run_that_is_not_done_is_no_vote() -> None:
    assert vote_of(result({"score": 8}, RunStatus.PARTIAL)) is None
