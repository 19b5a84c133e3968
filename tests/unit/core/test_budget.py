"""A budget holds what a store can, and its bounds cover what a request has."""

from __future__ import annotations

from typing import Any

import pytest

from parallel_agents.core.budget import Budget, most_tokens, most_tokens_around
from parallel_agents.core.message import Message, Role, Thinking, ToolCall
from parallel_agents.core.tool import ToolSpec
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


def test_the_bound_of_a_request_counts_bytes_of_all_that_is_sent() -> None:
    spec = ToolSpec(name="look", description="\N{GRINNING FACE}" * 100, parameters={})

    assert most_tokens_around("", [spec], None) >= 400


def test_the_bound_of_a_message_counts_what_goes_back_to_the_server_unseen() -> None:
    parts = (Thinking("", "s" * 500), ToolCall("1", "look", {}, "t" * 300))

    assert most_tokens([Message(Role.ASSISTANT, parts)]) >= 800
