"""A budget holds what a store can."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.budget import Budget
from parallel_agents.errors import InvalidInput


@pytest.mark.parametrize(
    "limits",
    [
        {"usd": 0},
        {"usd": -1},
        {"usd": float("nan")},
        {"usd": float("inf")},
        {"usd": 1e-12},
        {"usd": 9e11},
        {"usd": True},
        {"usd": "2"},
        {"tokens": 0},
        {"tokens": -5},
        {"tokens": 10**30},
        {"tokens": 1.5},
        {"tokens": True},
    ],
    ids=repr,
)
def test_a_budget_that_no_store_can_hold_is_refused(limits: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        Budget(**limits)


def test_the_largest_and_the_smallest_budget_have_whole_amounts() -> None:
    assert Budget(usd=9e9).nanousd == 9 * 10**18
    assert Budget(usd=1e-9).nanousd == 1
