"""Redaction: hides what a user keeps secret in everything that a server or a library says.

Servers repeat keys in their errors: whole, in another case, escaped for a page or a URL, or cut at the
end of what they send. So not only the whole secret is looked for, but every run of characters that
gives a third of it away; and this is done before any text is cut.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from urllib.parse import parse_qsl, quote, quote_plus, urlsplit, urlunsplit

from parallel_agents.core.json_value import Json, with_texts

HIDDEN = "***"
_LEAST = 4  # shorter values are no secrets, and occur in any text
_LEAST_RUN = 8
_LEAST_HEADER = 8
# Headers that tell who calls, and queries that tell what is asked for, as providers document them.
_OPEN_HEADERS = frozenset(
    {
        *("accept", "anthropic-beta", "anthropic-version", "content-type", "http-referer"),
        *("openai-beta", "referer", "user-agent", "x-title"),
    }
)
_OPEN_QUERIES = frozenset({"alt", "api-version", "version"})
# Keys in the forms of well-known providers, for texts of libraries whose key is not known here.
_KEYS = re.compile(
    r"\b(?:sk-(?:ant|proj|or-v1)|github_pat|glpat|nvapi)[-_][A-Za-z0-9_-]{16,}"
    r"|\bAIza[A-Za-z0-9_-]{30,}|\bAKIA[A-Z0-9]{16}\b"
    r"|\b(?P<short>(?:sk|pk|rk|xai|gsk|hf|ghp|gho|r8|pplx)[-_][A-Za-z0-9_-]{16,})"
)
# What tells a key with a short prefix from a name such as `hf_hub_download_failed`.
_RUN = re.compile(r"[A-Za-z0-9]{8,}")
_LEAST_RANDOM = 20
_SEVERAL = re.compile(r"(?:\*{3}){2,}")
_USER_OF_URL = re.compile(r"(?<=://)[^\s/@]+(?=@)")


class Secrets:
    """The secrets of one server, to be hidden in texts and values."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values if len(value) >= _LEAST for form in _forms(value)}
        self._forms = {form.lower() for form in forms}

    def hide(self, text: str) -> str:
        """The text without the secrets, whole or in part, and without keys of a well-known form."""
        small = _small(text)
        shown: list[str] = []
        position = 0
        for start, end in sorted(run for form in self._forms for run in _runs(small, form)):
            if start >= position:
                shown += (text[position:start], HIDDEN)
            position = max(position, end)
        text = "".join((*shown, text[position:]))
        return _SEVERAL.sub(HIDDEN, _USER_OF_URL.sub(HIDDEN, _KEYS.sub(_without_key, text)))

    def hide_bytes(self, content: bytes) -> bytes:
        """The same for what a server sent, whatever its encoding."""
        text = content.decode("utf-8", "surrogateescape")
        return self.hide(text).encode("utf-8", "surrogateescape")

    def hide_value(self, value: Json) -> Json:
        """The same for each text and name in a JSON value."""
        return with_texts(value, self.hide)


def _without_key(found: re.Match[str]) -> str:
    text = found[0]
    is_name = found["short"] is not None and not any(map(_is_random, _RUN.findall(text)))
    return text if is_name else HIDDEN


def _is_random(run: str) -> bool:
    """Whether letters and digits are no word: they are mixed, their case is, or they are too many."""
    is_mixed = not run.isalpha() and not run.isdecimal()
    return is_mixed or run not in (run.lower(), run.upper()) or len(run) >= _LEAST_RANDOM


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


def _forms(secret: str) -> set[str]:
    """The secret as it is written in plain text, in URLs, in pages and in JSON."""
    in_json = json.dumps(secret)[1:-1]
    return {
        *(secret, quote(secret, safe=""), quote_plus(secret)),
        *(html.escape(secret), in_json, in_json.replace("/", "\\/")),
    }


def _small(text: str) -> str:
    """The text in small letters, each in its place: a few capitals have a longer small form."""
    lower = text.lower()
    if len(lower) == len(text):
        return lower
    return "".join(small if len(small := letter.lower()) == 1 else letter for letter in text)


def _runs(text: str, secret: str) -> Iterator[tuple[int, int]]:
    """Where the text has a third of the secret or more in a row.

    Such a run contains a block of the secret that begins at a multiple of half its length, so only these
    blocks are looked up. At the end of the text, where it may have been cut, a shorter beginning of
    the secret counts too.
    """
    least = min(len(secret), max(_LEAST_RUN, len(secret) // 3))
    half = (least + 1) // 2
    for offset in range(0, len(secret) - half + 1, half):
        block, at = secret[offset : offset + half], -1
        while (at := text.find(block, at + 1)) >= 0:
            start, end = _extended(text, secret, at, offset, half)
            if end - start >= least:
                yield start, end
                at = end - 1
    for length in range(least - 1, _LEAST - 1, -1):
        if text.endswith(secret[:length]):
            yield len(text) - length, len(text)
            return


def _extended(text: str, secret: str, at: int, offset: int, length: int) -> tuple[int, int]:
    """A run that agrees with the secret, as far as it goes to both sides."""
    before = 0
    while min(at, offset) > before and text[at - before - 1] == secret[offset - before - 1]:
        before += 1
    most = min(len(secret) - offset, len(text) - at)
    while length < most and text[at + length] == secret[offset + length]:
        length += 1
    return at - before, at + length
