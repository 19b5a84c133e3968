"""Kinds: the class of each failure and what to do about it, from the patterns in `kinds.toml`."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Annotated, ClassVar, NamedTuple

from pydantic import BeforeValidator, ConfigDict, TypeAdapter

from parallel_agents import errors
from parallel_agents.errors import Overloaded, ProviderError, RequestRejected
from parallel_agents.errors.provider import Rejection


def _read_class(name: object) -> type[ProviderError]:
    found = getattr(errors, name, None) if isinstance(name, str) else None
    if isinstance(found, type) and issubclass(found, ProviderError):
        return found
    raise ValueError(f"no class of a provider's errors is called {name!r}")


_Class = Annotated[type[ProviderError], BeforeValidator(_read_class)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """An entry of the table; the file says what the fields mean."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    error: _Class
    statuses: frozenset[int] = frozenset()
    names: frozenset[str] = frozenset()
    words: tuple[re.Pattern[str], ...] = ()
    unless: tuple[re.Pattern[str], ...] = ()
    hint: str = ""

    def fits(self, rejection: Rejection) -> bool:
        if self.statuses and rejection.status not in self.statuses:
            return False
        if any(words.search(rejection.text) for words in self.unless):
            return False
        if not (self.names or self.words):
            return True
        is_named = not self.names.isdisjoint(rejection.names)
        return is_named or any(words.search(rejection.text) for words in self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """The whole file."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    kinds: tuple[Pattern, ...]
    statuses: Mapping[int, _Class] = field(default_factory=dict[int, type[ProviderError]])
    types: Mapping[str, int] = field(default_factory=dict[str, int])
    hints: Mapping[_Class, str] = field(default_factory=dict[type[ProviderError], str])


class Kind(NamedTuple):
    """The class of a failure, and what to do about it, with places to fill in."""

    error: type[ProviderError]
    hint: str


def kind_of(rejection: Rejection) -> Kind:
    """What a server's refusal means."""
    table = read_table()
    for pattern in table.kinds:
        if pattern.fits(rejection):
            return Kind(pattern.error, pattern.hint or hint_of(pattern.error))
    other = Overloaded if rejection.status >= 500 else RequestRejected
    error = table.statuses.get(rejection.status, other)
    return Kind(error, hint_of(error))


def hint_of(error: type[ProviderError]) -> str:
    """What to do about a failure of this class; empty if the class has no hint of its own."""
    return read_table().hints.get(error, "")


def status_of(names: frozenset[str]) -> int:
    """The status that an error of these types stands for; 500 if none of them is known."""
    return min(
        (status for name, status in read_table().types.items() if name in names), default=500
    )


@cache
def read_table() -> Table:
    text = files("parallel_agents.models.failures").joinpath("kinds.toml").read_text("utf-8")
    return TypeAdapter(Table).validate_python(tomllib.loads(text))
