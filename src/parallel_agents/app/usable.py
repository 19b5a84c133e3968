"""Usable: what can be used of the settings, whatever is wrong in them, and what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from parallel_agents.core.json_value import Json
from parallel_agents.errors import ConfigError
from parallel_agents.setting_sources import Loaded, load_tables, load_usable
from parallel_agents.settings import Environment, Settings


def find_usable(environment: Environment) -> Loaded:
    """The settings for what calls no model: without each value and each provider that is wrong.

    Calls need all of them: what is left of a provider may be another server.
    """
    loaded = load_usable(environment)
    wrong = dict(_wrong_providers(loaded.settings))
    if not wrong:
        return loaded
    tables = loaded.settings.providers
    usable = {name: table for name, table in tables.items() if name not in wrong}
    return replace(
        loaded,
        settings=replace(loaded.settings, providers=usable),
        problems=(*loaded.problems, *wrong.values()),
    )


def problems_of_tables(tables: Mapping[str, Json], source: str) -> Sequence[ConfigError]:
    """What is wrong in a file of the user, its profiles and providers included.

    Args:
        tables: what it has.
        source: the file, as errors name it.
    """
    loaded = load_tables(tables, source)
    return (*loaded.problems, *(problem for _, problem in _wrong_providers(loaded.settings)))


def _wrong_providers(settings: Settings) -> Iterator[tuple[str, ConfigError]]:
    """Each of the user's providers that cannot be read, by name, and why."""
    if not settings.providers:
        return
    # Few users have providers of their own, and few commands need the module otherwise.
    from parallel_agents.models.provider_tables import read_providers  # noqa: PLC0415 - heavy

    for name, table in settings.providers.items():
        try:
            read_providers({name: table})
        except ConfigError as problem:
            yield name, problem
