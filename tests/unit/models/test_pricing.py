"""Costs are exact if the price is known, and unknown otherwise."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import genai_prices.data_snapshot
import pytest
from genai_prices.types import TimeOfDateConstraint

from parallel_agents.core.usage import MOST_CALL_NANOUSD, MOST_CALL_TOKENS, Price, Usage
from parallel_agents.models.pricing import Prices
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider, Wire

USAGE = Usage(
    input_tokens=1_000, output_tokens=100, cache_read_tokens=10_000, cache_write_tokens=1_000
)


def prices(own: dict[str, Price] | None = None, now: Callable[[], float] = time.time) -> Prices:
    acme = Provider(name="acme", wire=Wire.CHAT, base_url="http://acme.test", prices=own or {})
    return Prices(read_providers() | {"acme": acme}, now)


def test_a_listed_model_costs_its_list_price_with_cached_tokens_separate() -> None:
    cost = prices().cost_nanousd("anthropic/claude-haiku-4-5", USAGE)

    # Per million: 1 in, 5 out, 0.10 read from the cache, 1.25 written to it.
    assert cost == 1_000_000 + 500_000 + 1_000_000 + 1_250_000


def test_a_price_that_depends_on_the_size_is_computed_by_the_list() -> None:
    small = prices().cost_nanousd("gemini/gemini-2.5-pro", Usage(input_tokens=1_000))
    large = prices().cost_nanousd("gemini/gemini-2.5-pro", Usage(input_tokens=400_000))

    # 1.25 a million up to 200,000 tokens of input, and 2.50 for all of them above.
    assert small == 1_250_000
    assert large == 400_000 * 2_500


def test_the_configuration_overrides_the_list_and_names_override_the_star() -> None:
    own = {
        "m": Price(input_usd=2.0, output_usd=4.0),
        "*": Price(input_usd=1.0, output_usd=1.0),
    }

    assert prices(own).cost_nanousd("acme/m", Usage(1_000, 1_000)) == 6_000_000
    assert prices(own).cost_nanousd("acme/other", Usage(1_000, 1_000)) == 2_000_000


@pytest.mark.parametrize(
    "model", ["acme/m", "nobody/m", "nvidia/any", "openai/no-such-model", "nonsense"]
)
def test_an_unknown_price_is_unknown(model: str) -> None:
    assert prices().cost_nanousd(model, USAGE) is None


@pytest.mark.parametrize(
    "model", ["local/any", "ollama/llama3", "llamacpp/x", "vllm/y", "lmstudio/z"]
)
def test_servers_on_this_machine_are_free(model: str) -> None:
    assert prices().cost_nanousd(model, USAGE) == 0
    assert prices().cost_nanousd(model, Usage()) == 0


def test_tokens_that_a_server_did_not_count_have_no_known_cost() -> None:
    assert prices().cost_nanousd("anthropic/claude-haiku-4-5", Usage()) is None


def test_a_membership_costs_nothing_a_token() -> None:
    assert prices().cost_nanousd("kimi-coding/k3", USAGE) == 0


def test_every_model_of_a_preset_has_a_known_price() -> None:
    unpriced = [
        f"{provider.name}/{model}"
        for provider in read_providers().values()
        for model in provider.tiers.values()
        if prices().cost_nanousd(f"{provider.name}/{model}", USAGE) is None
    ]

    assert not unpriced


def at(moment: str) -> Callable[[], float]:
    return lambda: datetime.fromisoformat(moment).replace(tzinfo=UTC).timestamp()


def hours_of_deepseek() -> TimeOfDateConstraint:
    """The hours in which the list has another price for deepseek-reasoner."""
    snapshot = genai_prices.data_snapshot.get_snapshot()
    _, model = snapshot.find_provider_model("deepseek-reasoner", None, "deepseek", None)
    assert isinstance(model.prices, list)
    (hours,) = [price.constraint for price in model.prices if price.constraint]
    assert isinstance(hours, TimeOfDateConstraint)
    return hours


def test_a_price_by_the_time_of_day_is_that_of_the_call() -> None:
    begins, ends = hours_of_deepseek().start_time, hours_of_deepseek().end_time
    now = [at(f"2026-01-05 {begins:%H:%M}")() + 60]
    asked = prices(now=lambda: now[0])

    within = asked.cost_nanousd("deepseek/deepseek-reasoner", USAGE)
    now[0] = at(f"2026-01-06 {ends:%H:%M}")() + 60
    beyond = asked.cost_nanousd("deepseek/deepseek-reasoner", USAGE)

    assert within is not None
    assert beyond is not None
    assert within != beyond


def test_the_worst_case_has_the_price_that_begins_soon() -> None:
    boundary = at(f"2026-01-05 {hours_of_deepseek().start_time:%H:%M}")()
    model = "deepseek/deepseek-reasoner"

    before = prices(now=lambda: boundary - 600)
    after = prices(now=lambda: boundary + 600)

    plain = Usage(1_000, 1_000)
    each = [asked.cost_nanousd(model, plain) or 0 for asked in (before, after)]
    assert before.most_nanousd(model, 1_000, 1_000) == max(each)


@pytest.mark.parametrize("dearest", ["input_usd", "cache_read_usd", "cache_write_usd"])
def test_the_worst_case_has_the_dearest_kind_of_input(dearest: str) -> None:
    each = {"input_usd": 1.0, "output_usd": 2.0, "cache_read_usd": 0.1, "cache_write_usd": 1.2}
    own = Price(**{**each, dearest: 5.0})

    assert prices({"m": own}).most_nanousd("acme/m", 1_000, 1_000) == 5_000_000 + 2_000_000


def test_the_worst_case_of_an_unknown_price_is_unknown() -> None:
    assert prices().most_nanousd("acme/m", 1_000, 1_000) is None


def test_no_call_costs_more_than_a_call_can() -> None:
    dear = prices({"m": Price(input_usd=10_000, output_usd=10_000)})

    assert dear.cost_nanousd("acme/m", Usage(*[MOST_CALL_TOKENS] * 4)) == MOST_CALL_NANOUSD
