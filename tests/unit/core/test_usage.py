"""Usage and spend: sums and prices."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from parallel_agents.core.usage import FREE, Price, Spend, Usage

tokens = st.integers(0, 10**9)


usages = st.builds(Usage, tokens, tokens, tokens, tokens)


spends = st.builds(Spend, usages, tokens, tokens, st.integers(0, 3))


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
