"""A goal that could only fail is refused before anything is stored."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.errors import InvalidInput
from parallel_agents.orchestration.request import DoRequest


@pytest.mark.parametrize(
    ("goal", "more"),
    [
        (" \n", {}),
        ("x" * 20_001, {}),
        ("Tea", {"most_steps": 0}),
        ("Tea", {"most_steps": 31}),
        ("Tea", {"replans": 6}),
        ("Tea", {"material": {"tasks": 1}}),
        ("Tea", {"material": {"${x}": 1}}),
    ],
)
def test_a_goal_that_could_only_fail_is_refused(goal: str, more: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        DoRequest(goal=goal, **more)


def test_what_a_plan_may_be_is_part_of_the_task_and_its_limits_are_not() -> None:
    one = DoRequest(goal="Tea", agents=("writer",)).flow_task()
    other = DoRequest(goal="Tea", agents=("writer",), timeout=9, max_parallel=2).flow_task()

    assert one.input == other.input
    assert one.input["agents"] == ["writer"]
