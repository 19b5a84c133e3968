"""Costs are exact if the price is known, and unknown otherwise."""

from __future__ import annotations

import pytest

from parallel_agents.core.usage import Price, Usage
from parallel_agents.models.pricing import Prices
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider, Wire

USAGE = Usage(
    input_tokens=1_000, output_tokens=100, cache_read_tokens=10_000, cache_write_tokens=1_000
)


def prices(own: dict[str, Price] | None = None) -> Prices:
    acme = Provider(name="acme", wire=Wire.CHAT, base_url="http://acme.test", prices=own or {})
    return Prices(read_providers() | {"acme": acme})


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
