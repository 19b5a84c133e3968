"""What has results is iterated, counted and indexed as these."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

import parallel_agents as pa
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.usage import Spend


def result(label: str) -> pa.Result:
    return pa.Result(
        agent="writer",
        label=label,
        status=pa.RunStatus.DONE,
        output_json="tea",
        text="tea",
        error=None,
        notices=(),
        model="a/b",
        spend=Spend(),
        seconds=1.0,
        attempts=1,
        session_key=SessionKey(label),
        run_id=RunId(label),
    )


RESULTS = tuple(map(result, ("one", "two", "three")))


def team(results: tuple[pa.Result, ...]) -> pa.TeamResult:
    return pa.TeamResult(
        key="t", status=pa.RunStatus.DONE, results=results, session_key=SessionKey("s"), seconds=1.0
    )


MADE = (team(RESULTS), pa.Gathered(RESULTS))


@pytest.mark.parametrize("several", MADE, ids=["team", "step"])
def test_its_results_are_its_items(several: pa.TeamResult | pa.Gathered) -> None:
    assert tuple(several) == several.results
    assert [each.label for each in several[1:]] == ["two", "three"]
    assert several[-1].label == "three"
    assert len(several) == 3
    assert RESULTS[1] in several


@pytest.mark.parametrize("several", MADE, ids=["team", "step"])
def test_what_only_a_result_has_is_told_to_be_there(several: Any) -> None:
    with pytest.raises(AttributeError, match=r"write \.results\[0\]\.output"):
        _ = several.output
    with pytest.raises(AttributeError, match=r"has no attribute 'outptu'$"):
        _ = several.outptu


@pytest.mark.parametrize("several", MADE, ids=["team", "step"])
def test_it_is_copied_and_stored_as_before(several: pa.TeamResult | pa.Gathered) -> None:
    assert copy.deepcopy(several) == several
    assert pickle.loads(pickle.dumps(several)) == several
