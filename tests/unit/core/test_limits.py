"""Limits: refused out of range, and laid over each other."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.limits import DEFAULTS, Limits
from parallel_agents.errors import InvalidInput

limits = st.builds(
    Limits, max_turns=st.none() | st.integers(1, 99), attempts=st.sampled_from([1, 2])
)


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
@pytest.mark.parametrize("value", [0, -1, 10**9, float("inf"), float("nan")])
def test_a_limit_out_of_range_is_refused_by_name(name: str, value: float) -> None:
    with pytest.raises(InvalidInput, match=name):
        replace(Limits(), **{name: value})


@given(limits, limits, limits)
def test_stronger_limits_win_and_the_order_of_laying_over_does_not_matter(
    a: Limits, b: Limits, c: Limits
) -> None:
    assert a.over(b).over(c) == a.over(b.over(c))
    assert a.over(Limits()) == Limits().over(a) == a
    assert a.over(DEFAULTS).max_turns == (a.max_turns or DEFAULTS.max_turns)


@pytest.mark.parametrize(
    ("own", "above", "held"),
    [
        (Limits(), Limits(), Limits()),
        (Limits(), Limits(max_processes=9), Limits(max_processes=9)),
        (Limits(max_processes=20), Limits(max_processes=9), Limits(max_processes=9)),
        (Limits(max_processes=5), Limits(max_processes=9), Limits(max_processes=5)),
        # Who says nothing has what a sandbox gives to everybody; so has a child of it.
        (Limits(memory_megabytes=90_000), Limits(), Limits(memory_megabytes=8192)),
        (Limits(output_megabytes=90_000), Limits(), Limits(output_megabytes=90_000)),
        (Limits(max_turns=30), Limits(max_turns=3), Limits(max_turns=30)),
    ],
)
def test_a_child_has_at_most_the_limits_of_its_parents_session(
    own: Limits, above: Limits, held: Limits
) -> None:
    assert own.within(above) == held


def test_less_memory_than_a_sandbox_starts_in_is_refused() -> None:
    with pytest.raises(InvalidInput, match="memory_megabytes is 15") as refused:
        Limits(memory_megabytes=15)

    assert refused.value.why == "it must be at least 16 and at most 1,000,000"
