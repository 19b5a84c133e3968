"""`pagents models list --remote`: what a provider offers now, and which of it the tiers name."""

from __future__ import annotations

import time
from collections.abc import Iterator
from difflib import get_close_matches
from typing import NamedTuple

from parallel_agents.core.cutting import head
from parallel_agents.core.tier import Tier
from parallel_agents.errors import InvalidInput, UnknownModel
from parallel_agents.interrupts import run_cancellable
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.listing import Listing, list_offers
from parallel_agents.models.network import Network
from parallel_agents.models.offers import Offer, closest
from parallel_agents.models.pricing import Prices
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider
from parallel_agents.models.registry import find_key
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.context import CliContext


class _Row(NamedTuple):
    """A model on offer, with what its provider says and what is known about it; None is unknown."""

    model: str
    context_tokens: int | None
    max_output_tokens: int | None
    usd_per_million: tuple[float, float] | None
    tiers: list[Tier]


def list_remote(context: CliContext, name: str, *, json: bool) -> None:
    """Print the models that the provider `name` offers now.

    Raises:
        UnknownModel: there is no such provider.
        InvalidInput: it is not a server.
        MissingKey: its key is not set.
        ProviderError: it does not answer with a list.
    """
    providers = read_providers(context.settings.providers, context.environment.variables)
    if name == LOCAL:
        raise InvalidInput(
            "no server offers the embedded models",
            hint=f"`pagents models list --provider {LOCAL}` lists them",
        )
    if name not in providers:
        raise unknown_provider(name, providers)
    provider = providers[name]
    endpoint = provider.endpoint("", find_key(provider, context.environment.read_key))
    network = Network(context.environment.variables)
    listing = run_cancellable(list_offers(endpoint, network))
    prices = Prices(providers)
    rows = [_row(provider, offer, prices) for offer in sorted(listing.offers, key=lambda o: o.id)]
    missing = dict(_missing(provider, listing))
    if json:
        render.envelope(
            "offers",
            time.time(),
            [_json(row) for row in rows],
            total=len(rows) if listing.is_whole else len(rows) + 1,
            provider=name,
            missing={tier.value: near for tier, near in missing.items()},
        )
        return
    titles = ("MODEL", "CONTEXT", "USD PER MILLION, IN, OUT", "SIZES")
    render.cards(titles, [_cells(row) for row in rows])
    if not listing.is_whole:
        render.note(f"! {name} lists more models than these", "yellow")
    for tier, near in missing.items():
        instead = f"; it lists {', '.join(near)}" if near else ""
        render.note(
            f"! {name} does not list {provider.tiers[tier]}, its model for {tier.value}{instead}",
            "yellow",
        )
    if missing:
        render.note(f"  set others in [providers.{name}.tiers]")


def unknown_provider(name: str, known: dict[str, Provider] | None = None) -> UnknownModel:
    close = get_close_matches(name, known or {}, n=1)
    hint = f"did you mean {close[0]}?" if close else "`pagents models list` shows the providers"
    return UnknownModel(f"no provider {head(name, 80)!r}", hint=hint)


def _row(provider: Provider, offer: Offer, prices: Prices) -> _Row:
    model = f"{provider.name}/{offer.id}"
    told = None if offer.price is None else (offer.price.input_usd, offer.price.output_usd)
    return _Row(
        model=model,
        context_tokens=offer.context_tokens or prices.context_tokens(model),
        max_output_tokens=offer.max_output_tokens,
        usd_per_million=told or prices.usd_per_million(model),
        tiers=[tier for tier, model_id in provider.tiers.items() if model_id == offer.id],
    )


def _missing(provider: Provider, listing: Listing) -> Iterator[tuple[Tier, list[str]]]:
    """The tiers whose model is not on offer, with what is near it; nothing of half a list."""
    offered = [offer.id for offer in listing.offers]
    for tier, model_id in provider.tiers.items():
        if listing.is_whole and model_id not in offered:
            yield tier, closest(model_id, offered)


def _cells(row: _Row) -> tuple[str, str, str, str]:
    price = "-" if row.usd_per_million is None else "  ".join(f"{u:g}" for u in row.usd_per_million)
    context = "-" if row.context_tokens is None else f"{row.context_tokens:,}"
    return row.model, context, price, ", ".join(tier.value for tier in row.tiers)


def _json(row: _Row) -> dict[str, object]:
    each = row.usd_per_million
    return {
        "model": row.model,
        "context_tokens": row.context_tokens,
        "max_output_tokens": row.max_output_tokens,
        "input_usd_per_million": None if each is None else each[0],
        "output_usd_per_million": None if each is None else each[1],
        "tiers": [tier.value for tier in row.tiers],
    }
