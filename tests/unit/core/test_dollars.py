"""Dollars: spent amounts are rounded, never to nothing; limits keep their digits."""

from __future__ import annotations

import pytest

from parallel_agents.core.dollars import cost_of, dollars, limit_dollars
from parallel_agents.core.usage import Spend

PAID = Spend(calls=1, cost_nanousd=20_000_000)
LITTLE = Spend(calls=1, cost_nanousd=400_000)
UNKNOWN = Spend(calls=1, unpriced_calls=1)
SIMULATED = Spend(calls=1, simulated_nanousd=200_000_000)


@pytest.mark.parametrize(
    ("usd", "text"),
    [(0.0, "$0"), (0.0009, "<$0.001"), (0.0421, "$0.042"), (12.0, "$12.000"), (123.456, "$123.46")],
)
def test_what_was_spent_is_rounded_and_never_to_nothing(usd: float, text: str) -> None:
    assert dollars(usd) == text


@pytest.mark.parametrize(
    ("nanousd", "text"),
    [(900_000, "$0.0009"), (2_000_000_000, "$2.00"), (500_000_000, "$0.50"), (1, "$0.000000001")],
)
def test_a_limit_keeps_its_digits(nanousd: int, text: str) -> None:
    assert limit_dollars(nanousd) == text


@pytest.mark.parametrize(
    ("spend", "told"),
    [
        (Spend(), "$0"),
        (Spend(calls=1), "$0"),
        (PAID, "$0.020"),
        (LITTLE, "<$0.001"),
        (UNKNOWN, "-"),
        (Spend(uncounted_runs=1), "-"),
        (PAID + UNKNOWN, "≥ $0.020"),
        (PAID + Spend(uncounted_runs=1), "≥ $0.020"),
        (LITTLE + UNKNOWN, "> $0"),
        (SIMULATED, "$0.200 simulated"),
        (PAID + SIMULATED, "$0.020 + $0.200 simulated"),
        (UNKNOWN + SIMULATED, "- + $0.200 simulated"),
        (LITTLE + UNKNOWN + SIMULATED, "> $0 + $0.200 simulated"),
    ],
)
def test_a_cost_is_never_nothing_unless_it_is_free(spend: Spend, told: str) -> None:
    assert cost_of(spend) == told
