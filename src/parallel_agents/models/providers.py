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

from parallel_agents.core.agent import Tier
from parallel_agents.core.model import Capabilities
from parallel_agents.core.rates import NO_LIMIT, RateLimit
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.texts import NonEmpty
from parallel_agents.core.usage import Price
from parallel_agents.models.base_url import join_url, read_base_url
from parallel_agents.models.dialect import (
    CHANGES,
    DEFAULTS,
    PLAIN,
    Dialect,
    DialectChanges,
    merge_changes,
)
from parallel_agents.models.redaction import Secrets, secrets_in_headers, secrets_in_url

ANY_MODEL = "*"
_KEY_PREFIX = "env:"

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]*$")]
_Url = Annotated[str, AfterValidator(read_base_url)]
_KeyReference = Annotated[
    str,
    StringConstraints(strip_whitespace=True, pattern=r"^(env:[A-Za-z_][A-Za-z0-9_]*)?$"),
]
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


@lru_cache(maxsize=256)
def _secrets(values: tuple[str, ...]) -> Secrets:
    """A failure asks for them several times, and each has six forms."""
    return Secrets(values)


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A server to call.

    Attributes:
        base_url: the URL before the wire's own path, for `join_url`.
        auth: the header that carries the key; None for the usual one of the wire.
        proxy: the URL of a proxy, `env:NAME` or `none`; empty for what the environment says.
        key_variable: the environment variable that the key came from; errors name it.
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
    def secrets(self) -> Secrets:
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
        key: `env:NAME`, or empty for a server that needs no key.
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
    def key_variable(self) -> str:
        """The environment variable that holds the key, or an empty string."""
        return self.key.removeprefix(_KEY_PREFIX)

    def find_key(self, read_key: Callable[[str], str | None]) -> Secret:
        """The key in the environment; empty if there is none."""
        return read_secret((read_key(self.key_variable) or "") if self.key else "")

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
            key_variable=self.key_variable,
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
