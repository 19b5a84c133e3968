"""Registry: makes each model once by its name, from configured providers and plugged-in factories."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AsyncExitStack
from difflib import get_close_matches
from typing import NoReturn

from parallel_agents.core.cutting import head
from parallel_agents.core.model import Model
from parallel_agents.core.pricing import is_only_priced
from parallel_agents.core.tier import Tier
from parallel_agents.core.usage import Usage
from parallel_agents.errors import ConfigError, MissingKey, UnknownModel
from parallel_agents.models.http import Http
from parallel_agents.models.listing import Finder
from parallel_agents.models.pricing import Prices
from parallel_agents.models.providers import ANY_MODEL, Endpoint, Provider, Secret, check_key
from parallel_agents.models.retrying import Retrying
from parallel_agents.models.simulated.days import PROVIDER as SIMULATED
from parallel_agents.models.suggesting import Suggesting
from parallel_agents.models.unkeyed import Unkeyed
from parallel_agents.models.wires.model import WireModel

_LIST = "`pagents models list` shows the providers"
_PLACEHOLDER = "your-resource-name"  # in the addresses of presets that belong to nobody


class Registry:
    """Returns models by name, and closes them.

    Args:
        providers: the providers by name, from `read_providers`.
        read_key: returns the key in an environment variable, or None if it is not set.
        http: the pool of all wires; closed with the registry.
        factories: other providers by name; each makes a model from its full name, or from the
            provider's name alone.
        wrap: wraps every new model.
    """

    def __init__(
        self,
        providers: Mapping[str, Provider],
        read_key: Callable[[str], str | None],
        http: Http,
        *,
        factories: Mapping[str, Callable[[str], Model]] | None = None,
        wrap: Callable[[Model], Model] = Retrying,
    ) -> None:
        self.providers = providers
        self._read_key = read_key
        self._http = http
        self._finder = Finder(http.network)
        self._factories = dict(factories or {})
        self._wrap = wrap
        self._prices = Prices(providers)
        self._models: dict[str, Model] = {}

    def get(self, name: str) -> Model:
        """The model `provider/model`; the same object each time.

        Names that a factory maps to one model return one object. Where work is only priced, a model
        without its key is an `Unkeyed` one.

        Raises:
            UnknownModel: the provider does not exist, or the name does not have this form.
            MissingKey: the provider's key is not set; the message names the variable.
        """
        model = self._models.get(name)
        if model is None:
            try:
                made = self._make(name)
            except MissingKey as missing:
                provider_name, _, model_id = name.partition("/")
                provider = self.providers[provider_name]
                if not is_only_priced(provider.key_variable):
                    raise
                return Unkeyed(name, provider.capabilities(model_id), missing)
            model = self._models.get(made.name) or self._wrap(made)
            self._models[name] = self._models[made.name] = model
            if (price := made.capabilities.price) is not None:
                for each in (name, made.name):
                    self._prices.note(each, price)
        return model

    def check_name(self, name: str) -> None:
        """Refuse a name that cannot be a model's; neither its key nor its server is checked.

        Raises:
            UnknownModel: the provider does not exist, the name does not have the form, or it is a
                simulated model that does not exist.
        """
        provider, _, model_id = name.partition("/")
        if provider == SIMULATED and provider in self._factories:
            self._factories[provider](name)
        if provider not in self._factories and not (provider in self.providers and model_id):
            self._refuse(name)

    def is_made_by_program(self, provider: str) -> bool:
        """Whether a factory makes the provider's models, whatever the configuration says."""
        return provider in self._factories

    def names(self) -> list[str]:
        """Every `provider/model` in the providers' tiers and prices; other names may work too."""
        return sorted(
            {
                f"{provider.name}/{model}"
                for provider in self.providers.values()
                for model in {*provider.tiers.values(), *provider.prices} - {ANY_MODEL}
            }
        )

    def tier_model(self, provider: str, tier: Tier) -> str:
        """The name of the provider's model for `tier`.

        Raises:
            UnknownModel: the provider does not exist.
            ConfigError: the provider has no model for the tier.
        """
        if provider not in self.providers:
            self._refuse(provider)
        model = self.providers[provider].tiers.get(tier)
        if model is None:
            raise ConfigError(
                f"{provider} has no model for tier {tier}",
                hint=f'name one: --model {provider}/MODEL, in Python model=; or set {tier} = "MODEL" in '
                f"[providers.{provider}.tiers]",
            )
        return f"{provider}/{model}"

    def cost_nanousd(self, model: str, usage: Usage) -> int | None:
        """The cost of `usage` on `model`, or None if the price is unknown."""
        return self._prices.cost_nanousd(model, usage)

    def most_nanousd(self, model: str, input_tokens: int, output_tokens: int) -> int | None:
        """The most that a call which begins soon can cost; None if a price is unknown."""
        return self._prices.most_nanousd(model, input_tokens, output_tokens)

    async def aclose(self) -> None:
        """Close every model that was made, and the pool."""
        async with AsyncExitStack() as stack:
            stack.push_async_callback(self._http.aclose)
            for model in set(self._models.values()):
                stack.push_async_callback(model.aclose)

    def _make(self, name: str) -> Model:
        provider_name, _, model_id = name.partition("/")
        if provider_name in self._factories:
            made = self._factories[provider_name](name)
            self._check_reachable(provider_name, made.name)
            return made
        provider = self.providers.get(provider_name)
        if provider is None or not model_id:
            self._refuse(name)
        endpoint = provider.endpoint(model_id, find_key(provider, self._read_key))
        _check_address(endpoint)
        self._http.check(endpoint)
        capabilities = provider.capabilities(model_id)
        model = WireModel(name, endpoint, self._http, capabilities=capabilities)
        return Suggesting(model, endpoint, self._finder)

    def _check_reachable(self, factory: str, name: str) -> None:
        """Refuse a model that nobody could call again by its name, which is what is stored.

        Raises:
            ConfigError: there is no provider of its name.
        """
        provider = name.partition("/")[0]
        if provider not in self._factories and provider not in self.providers:
            raise ConfigError(
                f"models={{{factory!r}: ...}} made a model with the name {head(name, 80)!r}",
                why=f"a run stores the name of its model, and there is no provider {head(provider, 80)!r}"
                " to continue it with",
                hint=f"name the model {factory}/..., those of parallel_agents.testing by name=; or pass models={{{head(provider, 40)!r}: ...}}",
            )

    def _refuse(self, name: str) -> NoReturn:
        provider, _, model_id = name.partition("/")
        known = sorted({*self.providers, *self._factories})
        why, hint = "a model's name has the form provider/model", f"use that form; {_LIST}"
        if provider in self.providers:
            hint = f"name a model of {provider}, such as {self._example(provider)}"
        elif model_id:
            why, hint = f"there is no provider {head(provider, 80)!r}", _LIST
            if close := get_close_matches(provider, known, n=1):
                hint = f"did you mean {close[0]}/{head(model_id, 80)}?"
        elif models := self._named(name):
            hint = f"did you mean {' or '.join(models)}?"
        raise UnknownModel(f"no model {head(name, 80)!r}", why=why, hint=hint)

    def _named(self, model_id: str) -> list[str]:
        """Full names whose model part is close to `model_id`."""
        by_id = {name.partition("/")[2]: name for name in self.names()}
        return [by_id[found] for found in get_close_matches(model_id, by_id, n=2, cutoff=0.8)]

    def _example(self, provider: str) -> str:
        return next((n for n in self.names() if n.startswith(f"{provider}/")), f"{provider}/MODEL")


def _check_address(endpoint: Endpoint) -> None:
    """Refuse an address in which a part is to be filled in: anybody may own what is in its place.

    Raises:
        ConfigError: the user has not configured the provider's address.
    """
    if _PLACEHOLDER in endpoint.base_url:
        raise ConfigError(
            f"{endpoint.provider} needs an address",
            why=f"{endpoint.base_url} is only a form",
            hint=f'set base_url = "{endpoint.base_url.replace(_PLACEHOLDER, "NAME")}" with your own name '
            f"in [providers.{endpoint.provider}]",
        )


def find_key(provider: Provider, read_key: Callable[[str], str | None]) -> Secret:
    """The provider's key; empty if it needs none. One that is not in a variable is looked up later.

    Raises:
        MissingKey: the key is not set; the message names its variable.
        ConfigError: it cannot be a key.
    """
    variable = provider.key_variable
    secret = provider.find_key(read_key)
    if not variable:
        return secret
    if not secret:
        raise MissingKey(
            f"{provider.name} needs a key, but {variable} is not set",
            hint=f"export {variable}=..., or use --model local, in Python model='local', which needs no key",
        )
    check_key(secret.reveal(), variable, provider.name)
    return secret
