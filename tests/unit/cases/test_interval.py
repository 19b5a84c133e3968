"""The interval of a rate is Wilson's."""

from __future__ import annotations

import pytest

from parallel_agents.cases.interval import wilson


@pytest.mark.parametrize(
    ("passed", "tried", "low", "high"),
    [  # computed with statsmodels.stats.proportion.proportion_confint(..., method="wilson")
        (0, 10, 0.0, 0.2775),
        (10, 10, 0.7225, 1.0),
        (5, 10, 0.2366, 0.7634),
        (1, 1, 0.2065, 1.0),
        (90, 100, 0.8256, 0.9448),
    ],
)
def test_the_interval_is_the_published_one(
    passed: int, tried: int, low: float, high: float
) -> None:
    found = wilson(passed, tried)

    assert found.low == pytest.approx(low, abs=1e-4)
    assert found.high == pytest.approx(high, abs=1e-4)


def test_nothing_is_known_of_a_rate_without_tries() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
