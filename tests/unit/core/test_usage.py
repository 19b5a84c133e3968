"""Usage and spend: sums and prices."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.usage import (
    FREE,
    SIMULATED_NOTICE,
    SIMULATED_PART_NOTICE,
    UNBILLED,
    Price,
    Spend,
    Usage,
    with_notices_of,
)

tokens = st.integers(0, 10**9)


usages = st.builds(Usage, tokens, tokens, tokens, tokens)


spends = st.builds(Spend, usages, tokens, tokens, st.integers(0, 3), tokens, st.integers(0, 3))


@given(spends, spends, spends)
def test_spends_add_up_in_any_order(a: Spend, b: Spend, c: Spend) -> None:
    assert (a + b) + c == a + (b + c)
    assert a + b == b + a
    assert a + Spend() == a
    assert (a.usage + b.usage).total_tokens == a.usage.total_tokens + b.usage.total_tokens


def test_an_unknown_price_is_unknown_and_never_nothing() -> None:
    priced = Spend(Usage(1), calls=1, cost_nanousd=1_500_000_000)

    assert priced.cost_usd == 1.5
    assert (priced + Spend(Usage(1), calls=1, unpriced_calls=1)).cost_usd is None
    assert Spend().cost_usd == 0


def test_a_cost_that_leaves_out_a_call_is_a_lower_bound() -> None:
    cut_off = Spend(Usage(1), calls=1, cost_nanousd=1_500_000_000, uncounted_runs=1)

    assert (cut_off + Spend()).cost_usd is None
    assert cut_off.known_usd == 1.5
    assert cut_off.share(2, 3).cost_usd is None


@pytest.mark.parametrize(
    ("spend", "before", "after"),
    [
        (Spend(), ("a",), ("a",)),
        (Spend(simulated_nanousd=1), ("a",), (SIMULATED_PART_NOTICE, "a")),
        (Spend(simulated_nanousd=1), (SIMULATED_NOTICE,), (SIMULATED_NOTICE,)),
        (Spend(uncounted_runs=1), (), (f"1 run was cut off in a call that {UNBILLED}",)),
        (Spend(uncounted_runs=2), (), (f"2 runs were cut off in calls that {UNBILLED}",)),
        (Spend(uncounted_runs=1), (f"1 call {UNBILLED}",), (f"1 call {UNBILLED}",)),
    ],
)
def test_a_result_says_what_its_spend_says(
    spend: Spend, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    assert with_notices_of(spend, before) == after


def test_a_price_counts_each_kind_of_token_and_rounds_up() -> None:
    price = Price(input_usd=1, output_usd=10, cache_read_usd=0.1, cache_write_usd=1.25)

    assert price.cost_nanousd(Usage(1000, 100, 10, 8)) == 1_000_000 + 1_000_000 + 1000 + 10_000
    assert Price(input_usd=0.0001, output_usd=0).cost_nanousd(Usage(1)) == 1
    assert Price(input_usd=2, output_usd=0).cost_nanousd(Usage(0, 0, 5, 5)) == 20_000
    assert FREE.cost_nanousd(Usage(10**9, 10**9)) == 0


@given(usages, usages)
def test_what_is_used_more_never_costs_less(a: Usage, b: Usage) -> None:
    price = Price(input_usd=0.15, output_usd=0.6, cache_read_usd=0.075)

    assert price.cost_nanousd(a + b) >= price.cost_nanousd(a)


@pytest.mark.parametrize("usd", [-1, float("nan"), float("inf"), 10_001, 9e11])
def test_a_price_that_no_model_has_is_refused(usd: float) -> None:
    with pytest.raises(ValueError, match="from 0 to 10,000"):
        Price(input_usd=usd, output_usd=1)
