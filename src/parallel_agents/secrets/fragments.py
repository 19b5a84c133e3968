"""Fragments: hides what a server or a library gives away of a secret in its errors.

Servers repeat keys there: whole, in another case, escaped for a page or a URL, or cut at the end of
what they send. So not only the whole secret is looked for, but every run of characters that gives a
third of it away; and this is done before any text is cut.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Final

from parallel_agents.core.json_value import Json, with_texts
from parallel_agents.secrets.forms import forms_of

HIDDEN: Final = "***"
_LEAST = 4  # shorter values are not secrets, and occur in any text
_LEAST_RUN = 8
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


class Fragments:
    """The secrets that one server was told, to be hidden in texts and values, whole or in part."""

    def __init__(self, secrets: Iterable[str]) -> None:
        told = {secret for secret in secrets if len(secret) >= _LEAST}
        self._forms = {form.lower() for each in told for form in (each, *forms_of(each))}

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
    """Whether a run is not a word: letters, digits or cases are mixed, or it is too long."""
    is_mixed = not run.isalpha() and not run.isdecimal()
    return is_mixed or run not in (run.lower(), run.upper()) or len(run) >= _LEAST_RANDOM


def _small(text: str) -> str:
    """The text in lowercase, each letter in its place: a few capitals have a longer lowercase form."""
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
