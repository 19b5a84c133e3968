"""The interval of a rate is Wilson's."""

from __future__ import annotations

import pytest

from parallel_agents.cases.interval import wilson


@pytest.mark.parametrize(("passed", "tried"), [(0, 10), (10, 10), (5, 10), (1, 1), (90, 100)])
def test_each_bound_is_a_rate_from_which_the_found_one_is_as_far_as_chance_allows(
    passed: int, tried: int
) -> None:
    z, rate = 1.959963984540054, passed / tried

    for bound in wilson(passed, tried):
        # Wilson's definition, which the formula solves.
        assert (rate - bound) ** 2 == pytest.approx(z * z * bound * (1 - bound) / tried)


def test_nothing_is_known_of_a_rate_without_tries() -> None:
    assert wilson(0, 0) == (0.0, 1.0)
