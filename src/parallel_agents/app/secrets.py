"""Secrets: which references the configuration has, and what this process knows of their values.

What is in a variable or a file is known from the start, so that it is hidden before anybody uses it.
What a command or the keyring says is known once it is asked for, which may need a person.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterator
from contextlib import suppress
from typing import NamedTuple

from parallel_agents.app.profiles import Profiles
from parallel_agents.containment.commands import why_not_found
from parallel_agents.core.notification import read_target
from parallel_agents.core.reference import Reference, Scheme, parse_reference, scheme_of
from parallel_agents.errors import ConfigError, SecretUnavailable
from parallel_agents.extras import install_line
from parallel_agents.models.presets import presets
from parallel_agents.secrets.addresses import secrets_in_headers
from parallel_agents.secrets.forms import why_ordinary
from parallel_agents.secrets.known import KNOWN
from parallel_agents.secrets.looking_up import LOOKUPS, value_now
from parallel_agents.settings import Environment, Settings


class Named(NamedTuple):
    """A reference in the configuration.

    Attributes:
        name: what stands for the secret where it is hidden.
        reference: where it is.
        user: what uses it.
        is_needed: whether it is a problem if it is missing; a provider may have a variable that is not set.
    """

    name: str
    reference: Reference
    user: str
    is_needed: bool = True


class State(NamedTuple):
    """What is known of a secret.

    Attributes:
        error: why it cannot be looked up; None if it can, or was not asked for.
        is_asked: whether it was looked up.
        weakness: why it is not hidden; empty if it is, or is not known.
    """

    error: ConfigError | None = None
    is_asked: bool = True
    weakness: str = ""


def references(environment: Environment, settings: Settings) -> Iterator[Named]:
    """Every reference that the settings have; a provider's own variable only if it is set."""
    read = environment.read_key
    for provider, reference in _of_providers(environment, settings):
        is_own = "key" in settings.providers.get(provider, {})
        is_set = reference.is_env and bool(read(reference.target))
        if is_own or is_set:
            name = reference.target if reference.is_env else f"{provider}-key"
            # A variable that is not set is a lack of its models alone, which are told with it.
            is_needed = is_own and (is_set or not reference.is_env)
            yield Named(name, reference, f"models of {provider}", is_needed)
    yield from _of_search(environment, settings)
    for profile in Profiles(environment, settings).known.values():
        for variable, reference in profile.references.items():
            yield Named(variable, reference, f"the profile {profile.name}")
    yield from _of_servers(settings)
    if settings.notify is not None and (variable := read_target(settings.notify).variable):
        yield Named(variable, Reference(Scheme.ENV, variable), "notifications")


def _of_providers(environment: Environment, settings: Settings) -> Iterator[tuple[str, Reference]]:
    """Where the key of each provider is, by the provider's name."""
    if not settings.providers:
        for name, preset in presets().items():
            if key := preset.get("key"):
                yield name, parse_reference(str(key))
        return
    # Few users have providers of their own, and every command that opens a store asks.
    from parallel_agents.models.provider_tables import read_providers  # noqa: PLC0415 - heavy

    for provider in read_providers(settings.providers, environment.variables).values():
        if (reference := provider.key_reference) is not None:
            yield provider.name, reference


def _of_search(environment: Environment, settings: Settings) -> Iterator[Named]:
    if key := settings.search.get("key"):
        reference = parse_reference(key)
        name = reference.target if reference.is_env else "search-key"
        yield Named(name, reference, "web_search")
        return
    for variable in ("BRAVE_API_KEY", "TAVILY_API_KEY", "EXA_API_KEY", "SERPER_API_KEY"):
        if environment.read_key(variable):
            yield Named(variable, Reference(Scheme.ENV, variable), "web_search", is_needed=False)


def _of_servers(settings: Settings) -> Iterator[Named]:
    """Whole values alone; what is within a text is known when the server starts."""
    for server, table in settings.mcp_servers.items():
        for part in ("env", "headers"):
            values = table.get(part)
            for name, text in values.items() if isinstance(values, dict) else ():
                if isinstance(text, str) and scheme_of(text):
                    with suppress(ValueError):
                        yield Named(name, parse_reference(text), f"the MCP server {server}")


def know(environment: Environment, settings: Settings) -> None:
    """Know what is in variables and files, and what the settings themselves have."""
    for named in references(environment, settings):
        if named.reference.scheme in {Scheme.ENV, Scheme.FILE}:
            with suppress(ConfigError):  # it is told to whoever needs it
                value_now(named.reference, named.name, environment.read_key)
    if not settings.providers:
        return  # presets have no secrets in their headers
    from parallel_agents.models.provider_tables import read_providers  # noqa: PLC0415 - heavy

    for provider in read_providers(settings.providers).values():
        for value in secrets_in_headers(provider.headers):
            KNOWN.add(value, f"{provider.name}-header")


async def look_up(named: Named, environment: Environment, *, asks: bool) -> State:
    """What is known of a secret.

    Args:
        named: where it is.
        environment: the variables.
        asks: whether commands are run and the keyring is asked.
    """
    reference = named.reference
    if reference.scheme in {Scheme.CMD, Scheme.KEYRING} and not asks:
        return State(_why_unusable(reference), is_asked=False)
    try:
        value = await LOOKUPS.get(reference, named.name, environment.read_key)
    except ConfigError as error:
        return State(error)
    return State(weakness=why_ordinary(value))


def _why_unusable(reference: Reference) -> ConfigError | None:
    """What can be seen without asking."""
    if reference.scheme is Scheme.KEYRING:
        if importlib.util.find_spec("keyring") is None:
            return SecretUnavailable(
                f"the secret {reference} needs the library keyring",
                hint=install_line("pagents[keyring]"),
            )
        return None
    why = why_not_found(reference.arguments, "")
    if not why:
        return None
    return SecretUnavailable(
        f"the secret {reference.brief} cannot be looked up",
        why=why,
        hint="install the program, or correct the command",
    )
