"""Addresses: what is secret in the URL and the headers of a request."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlsplit, urlunsplit

from parallel_agents.secrets.fragments import HIDDEN

_LEAST_HEADER = 8
# Headers that tell who calls, and queries that tell what is asked for, as providers document them.
_OPEN_HEADERS = frozenset(
    {
        *("accept", "anthropic-beta", "anthropic-version", "content-type", "http-referer"),
        *("openai-beta", "referer", "user-agent", "x-title"),
    }
)
_OPEN_QUERIES = frozenset({"alt", "api-version", "version"})


def secrets_in_headers(headers: Mapping[str, str]) -> list[str]:
    """The values of configured headers that may be secret, also without a scheme such as `Bearer`."""
    values = [
        value
        for name, value in headers.items()
        if name.lower() not in _OPEN_HEADERS and len(value) >= _LEAST_HEADER
    ]
    return [*values, *(value.split()[-1] for value in values if " " in value.strip())]


def secrets_in_url(url: str) -> list[str]:
    """The values in the query of a URL that may be secret."""
    return [value for name, value in parse_qsl(urlsplit(url).query) if name not in _OPEN_QUERIES]


def open_url(url: str) -> str:
    """A URL without a user and without what its query says."""
    parts = urlsplit(url)
    query = HIDDEN if secrets_in_url(url) else parts.query
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2], query=query))
