"""Web search: which engine answers the tool web_search, as the settings say it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class SearchProvider(StrEnum):
    """The engines that are known here."""

    BRAVE = "brave"
    TAVILY = "tavily"
    EXA = "exa"
    SERPER = "serper"
    SEARXNG = "searxng"


@dataclass(frozen=True, slots=True, kw_only=True)
class SearchChoice:
    """What the user chose.

    Attributes:
        provider: the engine; None for the first whose variable is set.
        key: a reference to the key, such as `env:NAME`; empty for the engine's usual variable.
        url: where the engine is; empty for the usual place.
    """

    provider: SearchProvider | None = None
    key: str = ""
    url: str = ""
