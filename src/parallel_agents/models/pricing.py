"""Prices: the cost of a call, from the configured prices first and from genai-prices second."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from parallel_agents.core.usage import FREE, NANOUSD_PER_USD, Price, Usage
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.providers import ANY_MODEL, Provider
from parallel_agents.models.simulated import days

if TYPE_CHECKING:
    from genai_prices.types import ModelPrice

_SAMPLE_TOKENS = 1_000
_Cost = Callable[[Usage], int]


class Prices:
    """Costs in nanodollars by model name; an unknown price is None, never 0."""

    def __init__(self, providers: Mapping[str, Provider]) -> None:
        self._providers = providers
        self._costs: dict[str, _Cost | None] = {}

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        """The cost of `usage` on `model` (`provider/model`), rounded up; None if it is unknown."""
        if model not in self._costs:
            self._costs[model] = self._find(model)
        cost = self._costs[model]
        if cost is _nothing:
            return 0
        # Every call uses tokens, so a usage of zero means that the server did not count them.
        return None if cost is None or not usage.total_tokens else cost(usage)

    def usd_per_million(self, model: str) -> tuple[float, float] | None:
        """The price of a million input and output tokens in calls of a few thousand; None if unknown."""
        each = (Usage(input_tokens=_SAMPLE_TOKENS), Usage(output_tokens=_SAMPLE_TOKENS))
        costs = [self.cost_nanousd(model, usage) for usage in each]
        if costs[0] is None or costs[1] is None:
            return None
        factor = 1_000_000 / _SAMPLE_TOKENS / NANOUSD_PER_USD
        return round(costs[0] * factor, 6), round(costs[1] * factor, 6)

    def context_tokens(self, model: str) -> int | None:
        """The context of a model in genai-prices, or None."""
        provider_name, _, model_id = model.partition("/")
        provider = self._providers.get(provider_name)
        if provider is None:
            return None
        import genai_prices.data_snapshot  # noqa: PLC0415 - as for prices

        listed = provider.price_list or provider.name
        try:
            snapshot = genai_prices.data_snapshot.get_snapshot()
            _, found = snapshot.find_provider_model(model_id, None, listed, None)
        except LookupError:
            return None
        return found.context_window

    def _find(self, model: str) -> _Cost | None:
        provider_name, _, model_id = model.partition("/")
        if provider_name == LOCAL:
            return _nothing
        provider = self._providers.get(provider_name)
        if provider is None and provider_name == days.PROVIDER:
            return days.price_of(model_id).cost_nanousd
        if provider is None:
            return None
        price = provider.prices.get(model_id) or provider.prices.get(ANY_MODEL)
        if price is not None:
            return _nothing if price == FREE else price.cost_nanousd
        return _find_listed(provider.price_list or provider.name, model_id)


def _nothing(_: Usage) -> int:
    return 0


def _find_listed(provider: str, model_id: str) -> _Cost | None:
    """The cost function of a model in genai-prices, or None."""
    # The import takes 0.1 s, and only a call needs a price.
    import genai_prices  # noqa: PLC0415

    try:
        found = genai_prices.calc_price(
            genai_prices.Usage(input_tokens=1), model_id, provider_id=provider
        )
    except LookupError:
        return None
    listed = found.model_price
    if listed.input_mtok is None or listed.output_mtok is None:
        return None
    flat = _flat_price(listed)
    if flat is not None:
        return flat.cost_nanousd

    def tiered(usage: Usage) -> int:
        """The arithmetic of genai-prices, whose input tokens include cached tokens."""
        cached = usage.cache_read_tokens + usage.cache_write_tokens
        counted = genai_prices.Usage(
            input_tokens=usage.input_tokens + cached,
            output_tokens=usage.output_tokens,
            cache_read_tokens=usage.cache_read_tokens,
            cache_write_tokens=usage.cache_write_tokens,
        )
        usd = listed.calc_price(counted)["total_price"]
        return int((usd * NANOUSD_PER_USD).to_integral_value(ROUND_CEILING))

    return tiered


def _flat_price(listed: ModelPrice) -> Price | None:
    """The listed price as a `Price`, 200 times faster to apply; None if it depends on the size."""
    match listed.input_mtok, listed.output_mtok, listed.cache_read_mtok, listed.cache_write_mtok:
        case (
            Decimal() as input_usd,
            Decimal() as output_usd,
            Decimal() | None as cache_read_usd,
            Decimal() | None as cache_write_usd,
        ):
            return Price(
                input_usd=float(input_usd),
                output_usd=float(output_usd),
                cache_read_usd=None if cache_read_usd is None else float(cache_read_usd),
                cache_write_usd=None if cache_write_usd is None else float(cache_write_usd),
            )
        case _:
            return None
