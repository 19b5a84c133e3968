"""Engines: the search engines that are known here, as data, and which of them answers."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.resources import files
from typing import Literal

from pydantic import TypeAdapter

from parallel_agents.core.reference import Reference, parse_reference
from parallel_agents.core.schema import Json, JsonObject
from parallel_agents.core.web_address import BadAddress, WebAddress
from parallel_agents.core.web_search import SearchChoice, SearchProvider
from parallel_agents.errors import ConfigError
from parallel_agents.secrets.looking_up import LOOKUPS, known_as

_VARIABLE = "env:"
_HOW = (
    "export BRAVE_API_KEY, TAVILY_API_KEY, EXA_API_KEY or SERPER_API_KEY; or run SearXNG, and export"
    " SEARXNG_URL=http://HOST:PORT"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineForm:
    """How an engine is asked, and where its answers lie; the fields are those of `engines.toml`."""

    method: Literal["GET", "POST"]
    url: str
    path: str = ""
    key: str = ""
    header: str = ""
    scheme: str = ""
    query: str
    count: str = ""
    most: int = 100
    parameters: JsonObject = field(default_factory=dict[str, Json])
    results: str
    title: str
    link: str
    snippet: tuple[str, ...]
    date: tuple[str, ...]
    key_statuses: frozenset[int] = frozenset()
    hints: Mapping[str, str] = field(default_factory=dict[str, str])
    may_lack_results: bool = False
    source: str
    checked: object


@dataclass(frozen=True, slots=True, kw_only=True)
class Engine:
    """An engine that can be asked.

    Attributes:
        url: where it is.
        key: empty for one that takes none.
        origin: the variable or setting that it is known by.
        reference: where the key is, if it is not looked up yet.
    """

    name: str
    form: EngineForm
    url: str
    key: str = field(default="", repr=False)
    origin: str = ""
    reference: Reference | None = None

    async def ready(self) -> Engine:
        """The engine with its key.

        Raises:
            ConfigError: the key cannot be looked up, or is not a key.
        """
        if self.reference is None:
            return self
        found = await LOOKUPS.get(self.reference, f"{self.name}-key", lambda _: None)
        key = _cleaned(found)
        _check_key(key, self.origin)
        return replace(self, key=known_as(key, f"{self.name}-key"), reference=None)

    @property
    def headers(self) -> Mapping[str, str]:
        """The header that carries the key."""
        if not self.key:
            return {}
        return {self.form.header: f"{self.form.scheme} {self.key}".strip()}


@cache
def engine_forms() -> Mapping[str, EngineForm]:
    """The engines by name, those first that are preferred."""
    text = files("parallel_agents.tools.web").joinpath("engines.toml").read_text("utf-8")
    return TypeAdapter(dict[str, EngineForm]).validate_python(tomllib.loads(text))


def find_engine(choice: SearchChoice, read: Callable[[str], str | None]) -> Engine:
    """The engine that answers.

    Args:
        choice: what the user chose.
        read: the value of an environment variable.

    Raises:
        ConfigError: none is configured, or what it needs is not set.
    """
    if choice.provider is not None:
        return _chosen(choice.provider, choice, read)
    for name, form in engine_forms().items():
        variable = (form.key or form.url).removeprefix(_VARIABLE)
        if _read(read, variable):
            return _chosen(SearchProvider(name), choice, read)
    raise ConfigError("no search engine is configured", hint=_HOW)


def _chosen(
    provider: SearchProvider, choice: SearchChoice, read: Callable[[str], str | None]
) -> Engine:
    form = engine_forms()[provider]
    url, origin = choice.url or form.url, "search.url"
    if url.startswith(_VARIABLE):
        origin = url.removeprefix(_VARIABLE)
        url = _read(read, origin)
        if not url:
            raise _not_set(provider, origin, "the address of the server")
    key, named = "", choice.key or form.key
    reference = parse_reference(named) if named else None
    if reference is not None and reference.is_env:
        origin, reference = reference.target, None
        key = _read(read, origin)
        if not key:
            raise _not_set(provider, origin, "its key")
        _check_key(known_as(key, origin), origin)
    elif reference is not None:
        origin = reference.brief
    try:
        address = WebAddress.parse(_with_path(url, form.path))
    except BadAddress as error:
        raise ConfigError(
            f"the address of {provider.value} is not valid",
            why=str(error),
            hint="correct search.url, or the variable that it names"
            if choice.url
            else f"correct {origin}: it is http://HOST:PORT",
        ) from None
    return Engine(
        name=provider.value,
        form=form,
        url=str(address),
        key=key,
        origin=origin,
        reference=reference,
    )


def _check_key(key: str, origin: str) -> None:
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            f"{origin} has characters that no key has",
            hint=f"copy the key anew into {origin}",
        )


def _with_path(url: str, path: str) -> str:
    """A server's URL with the path of its search, which people may have copied with it."""
    if not path:
        return url
    base = url.partition("?")[0].rstrip("/")
    return base if base.endswith(path) else f"{base}{path}"


def _read(read: Callable[[str], str | None], variable: str) -> str:
    """A value, without the white space and quotes that people copy with it."""
    return _cleaned(read(variable) or "")


def _cleaned(text: str) -> str:
    return text.strip().strip("\"'").strip()


def _not_set(provider: SearchProvider, variable: str, what: str) -> ConfigError:
    return ConfigError(
        f"{variable} is not set",
        why=f"the search engine {provider.value} is chosen, and this variable has {what}",
        hint=f"export {variable}, or choose another engine in [search]",
    )
