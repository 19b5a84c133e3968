"""A goal that could only fail is refused before anything is stored."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.budget import Budget
from parallel_agents.core.plan import Plan, Step
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


def test_the_limits_of_a_plan_that_is_given_hold_unless_others_are_named() -> None:
    plan = Plan(
        name="tea",
        steps=(Step(id="a", agent="writer", text="Go."),),
        max_parallel=1,
        timeout_seconds=30,
        budget=Budget(usd=1, tokens=500),
    )

    plain = DoRequest(goal="Tea").with_plan(plan).flow_task()
    named = DoRequest(goal="Tea", max_parallel=3, budget=Budget(usd=2)).with_plan(plan).flow_task()

    assert (plain.max_parallel, plain.timeout_seconds) == (1, 30)
    assert plain.budget == plan.budget
    assert (named.max_parallel, named.budget) == (3, Budget(usd=2, tokens=500))
    assert plain.input == named.input
