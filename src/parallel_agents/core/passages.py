"""Passages: which part of a text is long enough to prove something, and which was used before."""

from __future__ import annotations

import re

_WORD = re.compile(r"\w+")
_LEAST_WORDS, _LEAST_CHARACTERS = 3, 12


def is_passage(quote: str, text: str) -> bool:
    """Whether a quote is a passage of a text: all of it, or whole words of it that say something.

    `is safe` proves nothing, and `safe to use it` is not a passage of `unsafe to use it`.

    Args:
        quote: without white space at its ends.
        text: written like the quote.
    """
    if not quote:
        return False
    return quote == text or (is_long(quote) and _has_words(text, quote))


class UsedPassages:
    """The passages that were used before, in time that does not grow with their number."""

    def __init__(self) -> None:
        self._runs: set[tuple[str, ...]] = set()
        self._short: set[str] = set()

    def has(self, quote: str) -> bool:
        """Whether a quote says little that was not quoted before: at least half of it was."""
        runs = _runs(quote)
        return 2 * len(runs & self._runs) >= len(runs) if runs else quote in self._short

    def add(self, quote: str) -> None:
        self._runs |= _runs(quote)
        self._short.add(quote)


def _runs(text: str) -> set[tuple[str, ...]]:
    """All runs of as many words as a quote has at least."""
    words = _WORD.findall(text)
    return {tuple(words[n : n + _LEAST_WORDS]) for n in range(len(words) - _LEAST_WORDS + 1)}


def is_long(quote: str) -> bool:
    """Whether a part of a text says something by itself."""
    # A part of a URL is another URL, whatever it is made of.
    is_text = " " in quote and len(quote) >= _LEAST_CHARACTERS
    return is_text and len(_WORD.findall(quote)) >= _LEAST_WORDS


def _has_words(text: str, quote: str) -> bool:
    """Whether a quote is in a text and cuts no word of it."""
    start = text.find(quote)
    while start >= 0:
        end = start + len(quote)
        cuts_first = start > 0 and text[start - 1].isalnum() and quote[0].isalnum()
        cuts_last = end < len(text) and text[end].isalnum() and quote[-1].isalnum()
        if not cuts_first and not cuts_last:
            return True
        start = text.find(quote, start + 1)
    return False
