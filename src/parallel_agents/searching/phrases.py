"""Phrases: what a person looks for, as words and "phrases", without a syntax that could be wrong."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.errors import InvalidInput
from parallel_agents.searching.folding import words_of

_MOST_CHARACTERS, _MOST_PHRASES, _MOST_WORDS = 20_000, 200, 4_000
_QUOTES = re.compile('["\u201c\u201d\u201e\u00ab\u00bb]')
_LEAST_BEGINNING = 2


class Phrase(NamedTuple):
    """Words that follow each other; of a beginning, the last one may go on."""

    words: tuple[str, ...]
    is_beginning: bool

    @property
    def expression(self) -> str:
        """The phrase in FTS5's syntax; no folded word has a quote in it."""
        return f'"{" ".join(self.words)}"{"*" if self.is_beginning else ""}'

    @property
    def pattern(self) -> str:
        """The phrase as a pattern for folded texts."""
        end = "[^ ]*" if self.is_beginning else "(?![^ ])"
        return f"(?<![^ ]){' +'.join(map(re.escape, self.words))}{end}"


def read_phrases(text: str) -> Sequence[Phrase]:
    """What a text asks for: all of these.

    A quote that is not closed is closed at the end. What has neither letters, digits nor symbols is
    left out, as nothing of it is in the index either.

    Raises:
        InvalidInput: nothing is left, or it is too much.
    """
    if len(text) > _MOST_CHARACTERS:
        raise InvalidInput(
            f"a search for {len(text):,} characters is too long",
            why=f"{_MOST_CHARACTERS:,} are the most",
            hint="look for a few of its words",
        )
    found: list[Phrase] = []
    for number, part in enumerate(_QUOTES.split(text)):
        is_quoted = number % 2 == 1
        found += map(_phrase, [part] if is_quoted else part.split())
    phrases = [phrase for phrase in dict.fromkeys(found) if phrase.words]
    _check(phrases)
    return phrases


def _phrase(text: str) -> Phrase:
    words = tuple(words_of(text))
    is_beginning = text.rstrip().endswith("*") and len(words[-1:]) == 1
    return Phrase(words, is_beginning and len(words[-1]) >= _LEAST_BEGINNING)


def _check(phrases: Sequence[Phrase]) -> None:
    if not phrases:
        raise InvalidInput(
            "there is nothing to search for",
            why="the text has neither a letter nor a digit nor a symbol",
            hint='write words, or a "phrase" in quotes',
        )
    if len(phrases) > _MOST_PHRASES or sum(len(each.words) for each in phrases) > _MOST_WORDS:
        raise InvalidInput(
            f"a search for {len(phrases):,} different words is too long",
            why=f"{_MOST_PHRASES:,} words or phrases are the most, of {_MOST_WORDS:,} words in all",
            hint="put quotes around text that is to be found as it is, or look for a few of its words",
        )


def expression_of(phrases: Sequence[Phrase]) -> str:
    """All of the phrases, in FTS5's syntax."""
    return " AND ".join(phrase.expression for phrase in phrases)
