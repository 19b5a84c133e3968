"""Dollars: spent amounts are rounded, never to nothing; limits keep their digits."""

from __future__ import annotations

import pytest

from parallel_agents.core.dollars import dollars, limit_dollars


@pytest.mark.parametrize(
    ("usd", "text"), [(0.0, "$0"), (0.0009, "<$0.001"), (0.0421, "$0.042"), (12.0, "$12.000")]
)
def test_what_was_spent_is_rounded_and_never_to_nothing(usd: float, text: str) -> None:
    assert dollars(usd) == text


@pytest.mark.parametrize(
    ("nanousd", "text"),
    [(900_000, "$0.0009"), (2_000_000_000, "$2.00"), (500_000_000, "$0.50"), (1, "$0.000000001")],
)
def test_a_limit_keeps_its_digits(nanousd: int, text: str) -> None:
    assert limit_dollars(nanousd) == text
