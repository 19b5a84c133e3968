"""Provider tables: the presets and the user's `[providers.NAME]` tables, read into providers."""

from __future__ import annotations

import tomllib
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import TypeAlias

from pydantic import TypeAdapter, ValidationError

from parallel_agents.core.problems import describe_problem
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.errors import ConfigError
from parallel_agents.models.base_url import Known, complete, read_ollama_host
from parallel_agents.models.dialect import CHANGE_NAMES, CHANGES, DialectChanges
from parallel_agents.models.providers import ANY_MODEL, Provider

_OLLAMA, _OLLAMA_HOST = "ollama", "OLLAMA_HOST"
_KEY_HINT = 'write key = "env:NAME" and keep the key itself in the environment'
_URL_HINT = "write https://HOST/PATH, without a user, password or key"
_PROXY_HINT = (
    'write http://HOST:PORT, socks5://HOST:PORT, "none", or env:NAME for a proxy with a password'
)
_TAKEN = {
    "ladder": "lists of models, as in `ladders`",
    "local": "the embedded ones",
    "pydantic-ai": "those of that library",
}
_HINT = "correct it in the configuration; docs/settings.md lists the fields of a provider"
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
    presets = {**_presets(), _OLLAMA: _find_ollama(_presets()[_OLLAMA], variables or {})}
    own = tables or {}
    providers: dict[str, Provider] = {}
    for name in (*presets, *(name for name in own if name not in presets)):
        table = own.get(name, {})
        if not isinstance(table, Mapping):
            raise ConfigError(f"providers.{name} is not a table", hint=_HINT)
        preset = presets.get(name, {})
        is_as_shipped = not table and preset is _presets().get(name)
        providers[name] = _shipped(name) if is_as_shipped else _read_provider(name, preset, table)
    return providers


@cache
def _shipped(name: str) -> Provider:
    """A preset as it is; most of them are, in every reading of a process."""
    return _read_provider(name, _presets()[name], {})


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
    for reserved in ("name", "known", "configured"):
        if reserved in table:
            raise ConfigError(f"providers.{name}.{reserved} is not a field", hint=_HINT)
    server, known = _parted(name, preset)
    own, configured = _parted(name, table)
    merged = {**_merge(server, own), "name": name}
    with _config_errors(name):
        provider = _adapter().validate_python(merged)
    base_url = complete(provider.base_url, provider.wire, _known_urls())
    return replace(provider, base_url=base_url, known=known, configured=configured)


def _parted(name: str, table: JsonObject) -> tuple[JsonObject, _Layers]:
    """A table as its fields of the server, and what it says about models."""
    server = {key: value for key, value in table.items() if key not in CHANGE_NAMES | {"models"}}
    changes = {key: value for key, value in table.items() if key in CHANGE_NAMES}
    layers: list[tuple[str, DialectChanges]] = []
    if changes:
        with _config_errors(name):
            layers.append((ANY_MODEL, CHANGES.validate_python(changes)))
    models = table.get("models", {})
    if not isinstance(models, Mapping):
        raise ConfigError(f"providers.{name}.models is not a table", hint=_HINT)
    for glob, of_model in models.items():
        with _config_errors(name, f"models.{glob}."):
            layers.append((glob, CHANGES.validate_python(of_model)))
    return server, tuple(layers)


@contextmanager
def _config_errors(name: str, within: str = "") -> Generator[None]:
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field_name = within + ".".join(str(step) for step in first["loc"])
        hints = {"key": _KEY_HINT, "base_url": _URL_HINT, "proxy": _PROXY_HINT}
        # Not chained: the cause shows the value, which may be a key.
        raise ConfigError(
            f"providers.{name}.{field_name} is invalid",
            why=describe_problem(error),
            hint=hints.get(field_name, _HINT),
        ) from None


@cache
def _known_urls() -> tuple[Known, ...]:
    presets = _presets().values()
    return tuple(Known(str(preset["base_url"]), str(preset["wire"])) for preset in presets)


@cache
def _adapter() -> TypeAdapter[Provider]:
    return TypeAdapter(Provider)


@cache
def _presets() -> Mapping[str, JsonObject]:
    text = files("parallel_agents.models").joinpath("presets.toml").read_text("utf-8")
    return tomllib.loads(text)
