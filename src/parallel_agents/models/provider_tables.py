"""Provider tables: the presets and the user's `[providers.NAME]` tables, read into providers."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import fields, replace
from difflib import get_close_matches
from functools import cache
from typing import TypeAlias, TypeVar

from pydantic import TypeAdapter, ValidationError

from parallel_agents.core.problems import find_problem
from parallel_agents.core.rates import RateLimit
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.core.usage import Price
from parallel_agents.errors import ConfigError
from parallel_agents.models.base_url import Known, complete, read_ollama_host
from parallel_agents.models.dialect import CHANGE_NAMES, CHANGES, DialectChanges
from parallel_agents.models.presets import presets
from parallel_agents.models.providers import ANY_MODEL, Provider
from parallel_agents.models.simulated import days
from parallel_agents.setting_values import IS_SET_IN, SourcedTable

_OLLAMA, _OLLAMA_HOST = "ollama", "OLLAMA_HOST"
_KEY_HINT = 'write key = "env:NAME", or where else the key is, and never the key itself'
_URL_HINT = "write https://HOST/PATH, without a user, password or key"
_PROXY_HINT = (
    'write http://HOST:PORT, socks5://HOST:PORT, "none", or env:NAME for a proxy with a password'
)
# No table may be called so, and no server can be meant by it.
_TAKEN = {
    "ladder": "lists of models, as in `ladders`",
    "local": "the embedded ones",
    "pydantic-ai": "those of that library",
    days.PROVIDER: "simulated, and a simulation must be known as one",
}
_HINTS = {
    "key": _KEY_HINT,
    "base_url": _URL_HINT,
    "proxy": _PROXY_HINT,
    "name": "call it by lower-case letters, digits, dashes and underscores",
}
_OURS = frozenset({"name", "known", "configured"})  # fields of a provider that no table has
_HINT = "correct it in the configuration; `pagents docs settings` lists the fields of a provider"
T = TypeVar("T")
_Layers: TypeAlias = tuple[tuple[str, DialectChanges], ...]


def read_providers(
    tables: Mapping[str, Json] | None = None, variables: Mapping[str, str] | None = None
) -> dict[str, Provider]:
    """The presets, overlaid with the user's `[providers.NAME]` tables, by name.

    A table with a preset's name replaces only the fields that it sets. Within `headers`, `prices`,
    `max_parallel`, `tiers`, `limits` and `models` it replaces only the entries that it sets.

    Args:
        tables: the user's tables by name.
        variables: the environment variables: `OLLAMA_HOST` is where the preset `ollama` is, unless
            a table says otherwise.

    Raises:
        ConfigError: a table is invalid. The message names the provider and the field, but not the
            value.
    """
    known_tables = {**presets(), _OLLAMA: _find_ollama(presets()[_OLLAMA], variables or {})}
    own = tables or {}
    providers: dict[str, Provider] = {}
    for name in (*known_tables, *(name for name in own if name not in known_tables)):
        table = own.get(name, {})
        if not isinstance(table, Mapping):
            raise ConfigError(f"providers.{name} is not a table", hint=_HINT)
        preset = known_tables.get(name, {})
        is_as_shipped = not table and preset is presets().get(name)
        with _sourced(table):
            providers[name] = (
                _shipped(name) if is_as_shipped else _read_provider(name, preset, table)
            )
    return providers


@contextmanager
def _sourced(table: Json) -> Generator[None]:
    """Refusals of a table also say where it is from."""
    try:
        yield
    except ConfigError as error:
        if not isinstance(table, SourcedTable):
            raise
        why = "; ".join(part for part in (error.why, f"{IS_SET_IN} {table.source}") if part)
        raise ConfigError(error.message, why=why, hint=error.hint) from None


@cache
def _shipped(name: str) -> Provider:
    """A preset as it is; most of them are, in every reading of a process."""
    return _read_provider(name, presets()[name], {})


def _find_ollama(preset: JsonObject, variables: Mapping[str, str]) -> JsonObject:
    host = variables.get(_OLLAMA_HOST, "").strip()
    if not host:
        return preset
    try:
        return {**preset, "base_url": read_ollama_host(host)}
    except ValueError:
        return preset  # as Ollama's own programs do


def _merge(under: JsonObject, over: JsonObject) -> JsonObject:
    merged = dict(under)
    for key, value in over.items():
        below = merged.get(key)
        if isinstance(below, Mapping) and isinstance(value, Mapping):
            merged[key] = {**below, **value}
        else:
            merged[key] = value
    return merged


def _read_provider(name: str, preset: JsonObject, table: JsonObject) -> Provider:
    if name in _TAKEN:
        raise ConfigError(
            f"a provider cannot be called {name}",
            why=f"models of {name}/ are {_TAKEN[name]}",
            hint="choose another name for its table",
        )
    for reserved in sorted(_OURS):
        if reserved in table:
            raise ConfigError(f"providers.{name}.{reserved} is not a field", hint=_HINT)
    if not preset and "wire" not in table and (near := get_close_matches(name, presets(), n=1)):
        raise ConfigError(
            f"providers.{name}.wire is invalid",
            why="it is missing, and no provider of this name is built in",
            hint=f"did you mean [providers.{near[0]}]? Otherwise add wire and base_url",
        )
    server, known = _parted(name, preset)
    own, configured = _parted(name, table)
    merged = {**_merge(server, own), "name": name}
    with _config_errors(name):
        provider = _strict(_adapter(), merged)
    base_url = complete(provider.base_url, provider.wire, _known_urls())
    return replace(provider, base_url=base_url, known=known, configured=configured)


def _parted(name: str, table: JsonObject) -> tuple[JsonObject, _Layers]:
    """A table as its fields of the server, and what it says about models."""
    server = {key: value for key, value in table.items() if key not in CHANGE_NAMES | {"models"}}
    changes = {key: value for key, value in table.items() if key in CHANGE_NAMES}
    layers: list[tuple[str, DialectChanges]] = []
    if changes:
        with _config_errors(name):
            layers.append((ANY_MODEL, _strict(CHANGES, changes)))
    models = table.get("models", {})
    if not isinstance(models, Mapping):
        raise ConfigError(f"providers.{name}.models is not a table", hint=_HINT)
    for glob, of_model in models.items():
        if of_model == {}:
            raise ConfigError(f"providers.{name}.models.{glob} is empty", hint=_HINT)
        with _config_errors(name, ("models", glob)):
            layers.append((glob, _strict(CHANGES, of_model)))
    return server, tuple(layers)


def _strict(kind: TypeAdapter[T], table: Json) -> T:
    """A table in which no text stands for a number, no number for a switch, and so on."""
    return kind.validate_json(json.dumps(table, default=str), strict=True)


@contextmanager
def _config_errors(name: str, within: tuple[str, ...] = ()) -> Generator[None]:
    try:
        yield
    except ValidationError as error:
        found = find_problem(error)
        steps = (*within, *found.steps)
        path = ".".join(("providers", name, *steps))
        hint = _HINTS.get(".".join(steps), _HINT)
        if found.is_unknown:
            known = _names_beside(steps)
            hint = (
                did_you_mean(steps[-1], known, "`pagents docs settings` lists all")
                if known
                else _HINT
            )
        # Not chained: the cause shows the value, which may be a key.
        raise ConfigError(f"{path} is invalid", why=found.words, hint=hint) from None


def _names_beside(steps: tuple[str, ...]) -> Iterable[str]:
    """The fields that a table takes in which an unknown one is."""
    match steps:
        case (_,):
            return {*(field.name for field in fields(Provider)), *CHANGE_NAMES, "models"} - _OURS
        case ("prices", *_):
            return [field.name for field in fields(Price)]
        case ("limits", *_):
            return [field.name for field in fields(RateLimit)]
        case ("models", _, _):
            return CHANGE_NAMES
        case _:
            return ()


@cache
def _known_urls() -> tuple[Known, ...]:
    tables = presets().values()
    return tuple(Known(str(table["base_url"]), str(table["wire"])) for table in tables)


@cache
def _adapter() -> TypeAdapter[Provider]:
    return TypeAdapter(Provider)
