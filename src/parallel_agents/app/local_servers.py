"""Local servers: which servers of models on this machine answer, and what they serve."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from urllib.parse import urlsplit

from parallel_agents.errors import AuthFailed, ConfigError, ProviderError
from parallel_agents.models.base_url import is_loopback
from parallel_agents.models.listing import list_served
from parallel_agents.models.network import Network
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.providers import Provider
from parallel_agents.settings import Environment, Settings

_ANSWER_SECONDS = 1.0
_OLLAMA = "ollama"  # OLLAMA_HOST may name another machine


@dataclass(frozen=True, slots=True, kw_only=True)
class LocalServer:
    """A server that answered.

    Attributes:
        models: what it serves, those that only make vectors last.
        wants_key: whether it told nothing since it wants a key.
    """

    provider: Provider
    models: tuple[str, ...] = ()
    wants_key: bool = False


async def find_local_servers(environment: Environment, settings: Settings) -> list[LocalServer]:
    """What the keyless providers on this machine, and Ollama wherever it is, answer in a second."""
    providers = read_providers(settings.providers, environment.variables).values()
    network = Network(environment.variables)
    keyless = [
        provider
        for provider in providers
        if not provider.key
        and (is_loopback(urlsplit(provider.base_url).hostname or "") or provider.name == _OLLAMA)
    ]
    found = await asyncio.gather(*(_ask(provider, network) for provider in keyless))
    return [server for server in found if server is not None]


async def _ask(provider: Provider, network: Network) -> LocalServer | None:
    try:
        listing = await list_served(provider.endpoint(""), network, seconds=_ANSWER_SECONDS)
    except AuthFailed:
        return LocalServer(provider=provider, wants_key=True)
    except (ProviderError, ConfigError):
        return None  # no server, or another kind of server
    names = sorted((offer.id for offer in listing.offers), key=only_makes_vectors)
    return LocalServer(provider=provider, models=tuple(names))


def only_makes_vectors(model: str) -> bool:
    """Whether a model cannot answer, by its name."""
    return "embed" in model.lower()
