"""Prices: the cost of a call, from the configured prices first and from genai-prices second."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from decimal import ROUND_CEILING, Decimal
from typing import TYPE_CHECKING

from parallel_agents.core.usage import FREE, MOST_CALL_NANOUSD, NANOUSD_PER_USD, Price, Usage
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.providers import ANY_MODEL, Provider
from parallel_agents.models.simulated import days

if TYPE_CHECKING:
    from genai_prices.types import ModelInfo, ModelPrice

_SAMPLE_TOKENS = 1_000
# How long after its budget was asked a call may begin and end, with its waits and retries.
_SOON_SECONDS = (0, 1800, 3600)
_Cost = Callable[[Usage], int]


class Prices:
    """Costs in nanodollars by model name; an unknown price is None, never 0.

    Args:
        providers: the providers by name.
        now: returns seconds since the epoch; some prices depend on the date and the time of day.
    """

    def __init__(
        self, providers: Mapping[str, Provider], now: Callable[[], float] = time.time
    ) -> None:
        self._providers = providers
        self._now = now
        self._costs: dict[str, _Cost | _Calendar | None] = {}

    def note(self, model: str, price: Price) -> None:
        """Take what a model of a program says of its price, unless another is known."""
        if self._known(model) is None:
            self._costs[model] = _nothing if price == FREE else price.cost_nanousd

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        """The cost of `usage` on `model` (`provider/model`) now, rounded up; None if it is unknown."""
        return self._cost(model, usage, self._now())

    def most_nanousd(self, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """The most that a call can cost which begins soon; None if a price is unknown.

        All input is priced as the dearest of plain input, cache reads and cache writes.
        """
        kinds = (
            Usage(input_tokens, output_tokens),
            Usage(0, output_tokens, cache_read_tokens=input_tokens),
            Usage(0, output_tokens, cache_write_tokens=input_tokens),
        )
        now = self._now()
        is_dated = isinstance(self._known(model), _Calendar)
        later = _SOON_SECONDS if is_dated else _SOON_SECONDS[:1]
        return _most(self._cost(model, kind, now + wait) for kind in kinds for wait in later)

    def _known(self, model: str) -> _Cost | _Calendar | None:
        if model not in self._costs:
            self._costs[model] = self._find(model)
        return self._costs[model]

    def _cost(self, model: str, usage: Usage, at: float) -> int | None:
        cost = self._known(model)
        if isinstance(cost, _Calendar):
            cost = cost.at(at)
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

    def _find(self, model: str) -> _Cost | _Calendar | None:
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


class _Calendar:
    """The costs of a model whose price depends on the date or the time of day."""

    def __init__(self, model: ModelInfo) -> None:
        self._model = model
        self._costs: dict[int, _Cost | None] = {}

    def at(self, now: float) -> _Cost | None:
        """The cost function at a moment; None if no price is known for it."""
        price = self._model.get_prices(datetime.fromtimestamp(now, UTC))
        key = id(price)  # of a part of the list, which lives as long as the model
        if key not in self._costs:
            self._costs[key] = _cost_of(price)
        return self._costs[key]


def _most(costs: Iterable[int | None]) -> int | None:
    most = 0
    for cost in costs:
        if cost is None:
            return None
        most = max(most, cost)
    return most


def _find_listed(provider: str, model_id: str) -> _Cost | _Calendar | None:
    """The costs of a model in genai-prices, or None."""
    # The import takes 0.1 s, and only a call needs a price.
    import genai_prices.data_snapshot  # noqa: PLC0415

    snapshot = genai_prices.data_snapshot.get_snapshot()
    try:
        _, found = snapshot.find_provider_model(model_id, None, provider, None)
    except LookupError:
        return None
    return _Calendar(found) if isinstance(found.prices, list) else _cost_of(found.prices)


def _cost_of(listed: ModelPrice) -> _Cost | None:
    """The cost function of a listed price; None if it has none for text."""
    import genai_prices  # noqa: PLC0415

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
        nanousd = int((usd * NANOUSD_PER_USD).to_integral_value(ROUND_CEILING))
        return min(MOST_CALL_NANOUSD, nanousd)

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
