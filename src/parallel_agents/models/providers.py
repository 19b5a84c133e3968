"""Providers: where models are served, and how each server differs.

A `Provider` is configuration without secrets; an `Endpoint` is what a wire needs for a call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import Annotated, ClassVar

from pydantic import (
    AfterValidator,
    ConfigDict,
    Field,
    StringConstraints,
)
from typing_extensions import override

from parallel_agents.core.model import Capabilities
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.reference import Reference, parse_reference
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.texts import NonEmpty
from parallel_agents.core.tier import Tier
from parallel_agents.core.usage import Price
from parallel_agents.errors import ConfigError
from parallel_agents.models.base_url import join_url, read_base_url
from parallel_agents.models.dialect import (
    CHANGES,
    DEFAULTS,
    PLAIN,
    Dialect,
    DialectChanges,
    merge_changes,
)
from parallel_agents.secrets.addresses import secrets_in_headers, secrets_in_url
from parallel_agents.secrets.fragments import Fragments
from parallel_agents.secrets.looking_up import LOOKUPS, known_as

ANY_MODEL = "*"
_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
_Url = Annotated[str, AfterValidator(read_base_url)]


def _check_key(text: str) -> str:
    return str(parse_reference(text)) if text else text


_KeyReference = Annotated[str, StringConstraints(strip_whitespace=True), AfterValidator(_check_key)]
_Proxy = Annotated[
    str,
    StringConstraints(
        strip_whitespace=True,
        pattern=r"^(none|env:[A-Za-z_][A-Za-z0-9_]*|(https?|socks(4a?|5h?)?)://[^\s@]+)?$",
    ),
]
_HeaderName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9-]+$")]
_HeaderValue = Annotated[str, StringConstraints(pattern=r"^[\x20-\x7e]*$")]


_MOST_A_MINUTE = 10**12  # a column of the store holds no more than 64 bits


def _check_limit(limit: RateLimit) -> RateLimit:
    if not limit.is_bound:
        raise ValueError(
            "it sets no limit: it takes requests_per_minute, tokens_per_minute or both"
        )
    each = (limit.requests_per_minute, limit.tokens_per_minute)
    if not all(n is None or 1 <= n <= _MOST_A_MINUTE for n in each):
        raise ValueError(f"a limit must be from 1 to {_MOST_A_MINUTE:,}")
    return limit


class Wire(StrEnum):
    """The format that a server speaks.

    Attributes:
        CHAT: OpenAI's Chat Completions.
        ANTHROPIC: Anthropic's Messages.
        RESPONSES: OpenAI's Responses.
        GEMINI: Google's generateContent.
    """

    CHAT = "chat"
    ANTHROPIC = "anthropic"
    RESPONSES = "responses"
    GEMINI = "gemini"


class Auth(StrEnum):
    """The header that carries the key: `Authorization: Bearer`, or one of that name."""

    BEARER = "bearer"
    X_API_KEY = "x-api-key"
    API_KEY = "api-key"
    X_GOOG_API_KEY = "x-goog-api-key"


_AUTH = {Wire.ANTHROPIC: Auth.X_API_KEY, Wire.GEMINI: Auth.X_GOOG_API_KEY}


class Secret:
    """A key; only `reveal` shows it."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        return self._value

    async def ready(self) -> None:
        """Return once it can be revealed.

        Raises:
            ConfigError: it cannot be looked up, or is not a key.
        """

    async def renew(self, refused: str) -> bool:
        """Whether there is another one than what was refused.

        Raises:
            ConfigError: as for `ready`.
        """
        return False

    def __bool__(self) -> bool:
        return bool(self._value)

    @override
    def __repr__(self) -> str:
        return "***"


NO_KEY = Secret()
_BEARER = re.compile(r"^bearer(\s+|$)", re.IGNORECASE)
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"


def read_secret(text: str) -> Secret:
    """The key in `text`, without the white space, quotes and `Bearer` that people copy with it."""
    before = None
    while text != before:
        before, text = text, text.strip().strip(_QUOTES)
        text = _BEARER.sub("", text)
    return Secret(text)


class ReferredSecret(Secret):
    """A key that is looked up when it is first needed, and again after it was refused.

    Args:
        reference: where it is.
        provider: the provider that it is for.
    """

    __slots__ = ("_provider", "_reference")

    def __init__(self, reference: Reference, provider: str) -> None:
        super().__init__()
        self._reference = reference
        self._provider = provider

    @override
    def __bool__(self) -> bool:
        return True

    @override
    async def ready(self) -> None:
        if not self._value:
            self._value = await self._look_up()

    @override
    async def renew(self, refused: str) -> bool:
        if self._value == refused:  # or else another call has renewed it
            LOOKUPS.forget(self._reference)
            self._value = await self._look_up()
        return self._value != refused

    async def _look_up(self) -> str:
        name = f"{self._provider}-key"
        value = await LOOKUPS.get(self._reference, name, _no_variable)
        key = read_secret(value).reveal()
        check_key(key, self._reference.brief, self._provider)
        return known_as(key, name)


def _no_variable(_name: str) -> None:
    """Variables are looked up at once, where the environment is known."""


def check_key(key: str, where: str, provider: str) -> None:
    """Refuse what no header can carry.

    Raises:
        ConfigError: it has characters that no key has.
    """
    if not (key.isascii() and key.isprintable()):
        raise ConfigError(
            f"the key in {where} contains invalid characters",
            hint=f"copy the key of {provider} again, without quotes and line breaks",
        )


@lru_cache(maxsize=256)
def _secrets(values: tuple[str, ...]) -> Fragments:
    """A failure asks for them several times, and each has six forms."""
    return Fragments(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server to call.

    Attributes:
        base_url: the URL before the wire's own path, for `join_url`.
        auth: the header that carries the key; None for the usual one of the wire.
        proxy: the URL of a proxy, `env:NAME` or `none`; empty for what the environment says.
        key_variable: where the key came from, such as a variable; errors name it.
        headers: sent with each call, in addition to the headers of the wire.
        dialect: what the model takes, as far as the presets know it.
        configured: what the user's configuration says about that.
    """

    provider: str
    wire: Wire
    base_url: str
    key: Secret = NO_KEY
    key_variable: str = ""
    auth: Auth | None = None
    proxy: str = ""
    headers: Mapping[str, str] = field(default_factory=dict[str, str], repr=False)
    dialect: Dialect = PLAIN
    configured: DialectChanges = field(default_factory=DialectChanges)

    def url(self, path: str) -> str:
        """The URL of a path of the wire."""
        return join_url(self.base_url, path)

    def dialect_after(self, learned: JsonObject) -> Dialect:
        """What the model takes, with what its refusals taught; the configuration has the last word."""
        dialect = self.dialect
        if learned:
            dialect = dialect.changed(CHANGES.validate_python(learned))
        return dialect.changed(self.configured)

    @property
    def secrets(self) -> Fragments:
        """What no text about this server may show: the key, configured headers, what the URL's query says."""
        values = (
            self.key.reveal(),
            *secrets_in_headers(self.headers),
            *secrets_in_url(self.base_url),
        )
        return _secrets(values)

    @property
    def auth_headers(self) -> dict[str, str]:
        """The header that carries the key; none if there is no key."""
        if not self.key:
            return {}
        auth = self.auth or _AUTH.get(self.wire, Auth.BEARER)
        if auth is Auth.BEARER:
            return {"Authorization": f"Bearer {self.key.reveal()}"}
        return {auth.value: self.key.reveal()}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A configured server; the fields that it shares with `Endpoint` mean the same.

    Attributes:
        key: a reference such as `env:NAME`, or empty for a server that needs no key.
        known: what the models take: globs of model names with changes of the wire's dialect; a later
            one overrides an earlier one.
        configured: the same from the user's tables, which also override what refusals taught.
        prices: USD by model; `*` applies to every other model.
        price_list: the provider's name in genai-prices; empty if it is the same as here.
        max_parallel: calls at once in one process by model; `*` applies to every other model.
        tiers: the model for each strength.
        limits: the most requests and tokens per minute by model; `*` gives every other model a
            limit of this size.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid", allow_inf_nan=False)

    name: _Name
    wire: Wire
    base_url: _Url
    key: _KeyReference = ""
    auth: Auth | None = None
    proxy: _Proxy = ""
    headers: Mapping[_HeaderName, _HeaderValue] = field(default_factory=dict[str, str], repr=False)
    known: tuple[tuple[str, DialectChanges], ...] = ()
    configured: tuple[tuple[str, DialectChanges], ...] = ()
    prices: Mapping[NonEmpty, Price] = field(default_factory=dict[str, Price])
    price_list: str = ""
    max_parallel: Mapping[NonEmpty, Annotated[int, Field(ge=1, le=100_000)]] = field(
        default_factory=dict[str, int]
    )
    tiers: Mapping[Tier, NonEmpty] = field(default_factory=dict[Tier, str])
    limits: Mapping[NonEmpty, Annotated[RateLimit, AfterValidator(_check_limit)]] = field(
        default_factory=dict[str, RateLimit]
    )

    @property
    def key_reference(self) -> Reference | None:
        """Where the key is; None for a server that needs no key."""
        return parse_reference(self.key) if self.key else None

    @property
    def key_variable(self) -> str:
        """The environment variable that holds the key; empty if none does."""
        reference = self.key_reference
        return reference.target if reference is not None and reference.is_env else ""

    @property
    def key_place(self) -> str:
        """Where the key is, for people: a variable, or a reference; empty if it needs none."""
        reference = self.key_reference
        return "" if reference is None else self.key_variable or reference.brief

    def find_key(self, read_key: Callable[[str], str | None]) -> Secret:
        """The key; empty if there is none. One that is not in a variable is looked up later."""
        reference = self.key_reference
        if reference is None:
            return NO_KEY
        if not reference.is_env:
            return ReferredSecret(reference, self.name)
        key = read_secret(read_key(reference.target) or "")
        if key:
            known_as(key.reveal(), reference.target)
        return key

    def capabilities(self, model: str) -> Capabilities:
        """The configured capabilities of a model of this provider."""
        at_most = self.max_parallel.get(model, self.max_parallel.get(ANY_MODEL))
        dialect = self.endpoint(model).dialect_after({})
        return Capabilities(
            max_parallel=at_most,
            context_tokens=dialect.context_tokens or None,
            images=dialect.images,
            pdfs=dialect.pdfs,
        )

    def limit(self, model: str) -> RateLimit:
        """The configured limit of a model, named as the provider names it."""
        return self.limits.get(model) or self.limits.get(ANY_MODEL) or NO_LIMIT

    def endpoint(self, model: str, key: Secret = NO_KEY) -> Endpoint:
        return Endpoint(
            provider=self.name,
            wire=self.wire,
            base_url=self.base_url,
            key=key,
            key_variable=self.key_place,
            auth=self.auth,
            proxy=self.proxy,
            headers=self.headers,
            dialect=DEFAULTS[self.wire].changed(_matching(self.known, model)),
            configured=_matching(self.configured, model),
        )


def _matching(layers: Sequence[tuple[str, DialectChanges]], model: str) -> DialectChanges:
    """The changes of all globs that match, put together in their order."""
    merged: DialectChanges = {}
    for glob, changes in layers:
        if fnmatchcase(model, glob):
            merged = merge_changes(merged, changes)
    return merged
