"""Model wiring: the models by name, and the wrappers around each model that runs call."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeAlias

from parallel_agents.core.ids import OwnerId
from parallel_agents.core.model import Model, ModelRequest
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.store import Store
from parallel_agents.models.attaching import Attaching, FileLoader
from parallel_agents.models.budgeted import Budgeted
from parallel_agents.models.cached import Cached
from parallel_agents.models.choice import LOCAL
from parallel_agents.models.circuit_broken import CircuitBroken
from parallel_agents.models.contained import make_contained
from parallel_agents.models.dialect import PLAIN, Dialect
from parallel_agents.models.foreign.pydantic_ai import PROVIDER as PYDANTIC_AI, PydanticAi
from parallel_agents.models.governor import Governor
from parallel_agents.models.http import Http
from parallel_agents.models.learning import Learning, Lessons
from parallel_agents.models.local.fetch import Progress, default_sources
from parallel_agents.models.local.model import LocalModel
from parallel_agents.models.network import Network
from parallel_agents.models.provider_tables import read_providers
from parallel_agents.models.registry import Registry
from parallel_agents.models.retrying import Patience, Retrying
from parallel_agents.models.simulated import days
from parallel_agents.models.simulated.model import make_simulated
from parallel_agents.models.throttled import Throttled
from parallel_agents.models.timed import Timed
from parallel_agents.models.wires.model import encode_request
from parallel_agents.settings import Environment, Settings

MODELS_FOLDER = "models"

ModelFactory: TypeAlias = Callable[[str], Model]
Wrap: TypeAlias = Callable[[Model], Model]


def make_registry(
    environment: Environment,
    settings: Settings,
    *,
    factories: Mapping[str, ModelFactory] | None = None,
    on_fetch: Callable[[Progress], None] = lambda _: None,
    wrap: Wrap = Timed,
) -> Registry:
    """The models by name; none is called yet.

    Args:
        environment: the home folder, which holds the embedded models, and the keys.
        settings: the providers.
        factories: model factories by provider, which override the configured providers.
        on_fetch: called with the progress of the embedded model's download.
        wrap: wraps each model.
    """
    network = Network(environment.variables)

    def make_local(name: str) -> Model:
        return LocalModel(
            name,
            environment.home / MODELS_FOLDER,
            file=settings.local_model_file,
            slots=settings.local_slots,
            keep_seconds=settings.local_keep_seconds,
            progress=on_fetch,
            sources=default_sources(network),
        )

    made = {
        LOCAL: make_local,
        PYDANTIC_AI: make_contained(PydanticAi),
        days.PROVIDER: make_simulated,
        **{name: make_contained(make) for name, make in (factories or {}).items()},
    }
    return Registry(
        read_providers(settings.providers, environment.variables),
        environment.read_key,
        Http(network),
        factories=made,
        wrap=wrap,
    )


def make_governor(
    store: Store, settings: Settings, owner: OwnerId, now: Callable[[], float]
) -> Governor:
    """This process's view of the throttles, with the limits in the settings; `owner` names it."""
    providers = read_providers(settings.providers)

    def limit_of(name: str) -> RateLimit:
        provider, _, model = name.partition("/")
        return providers[provider].limit(model) if provider in providers else NO_LIMIT

    return Governor(store, limit_of, process=owner, now=now)


def make_lessons(settings: Settings, governor: Governor) -> Lessons:
    """What refusals taught about the models, on top of what the configuration says."""
    providers = read_providers(settings.providers)

    def dialect_of(name: str, learned: JsonObject) -> Dialect:
        provider, _, model = name.partition("/")
        known = providers.get(provider)
        return PLAIN if known is None else known.endpoint(model).dialect_after(learned)

    def sends(name: str, request: ModelRequest, streams: bool) -> bytes:
        provider, _, model = name.partition("/")
        known = providers.get(provider)
        if known is None:
            return b""
        return encode_request(name, known.endpoint(model), request, streams=streams)

    return Lessons(dialect_of, sends, governor)


def wrapping(
    store: Store,
    settings: Settings,
    governor: Governor,
    lessons: Lessons,
    loader: FileLoader,
) -> Wrap:
    """The wrappers of each model that runs call, from the deadline of a call out to its retries."""
    patience = Patience(tries=settings.tries, total_seconds=settings.patience_seconds)

    def wrap(model: Model) -> Model:
        throttled = Throttled(
            Budgeted(Learning(Timed(model), lessons)),
            governor,
            patience_seconds=patience.max_wait_seconds,
        )
        retrying = Retrying(CircuitBroken(throttled, governor), patience)
        return Cached(Attaching(retrying, loader), store)

    return wrap
