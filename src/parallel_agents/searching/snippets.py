"""Snippets: the part of a text around the best match, with what matches marked."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from itertools import islice

from parallel_agents.core.transcript_search import Piece
from parallel_agents.searching.folding import Places, fold
from parallel_agents.searching.phrases import Phrase

_MOST_MATCHES = 500
_CHARACTERS, _BEFORE = 160, 40
_CUT = "…"
_NEXT_WORD = re.compile(r"(?<=\s)\S")


def snippet_of(text: str, phrases: Sequence[Phrase]) -> Sequence[Piece]:
    """About 160 characters of a text where most of the phrases are, the earliest such place."""
    pattern = re.compile("|".join(f"({phrase.pattern})" for phrase in phrases))
    matches = list(islice(pattern.finditer(fold(text)), _MOST_MATCHES))
    places = Places(text)
    spans = [(places.of(match.start()), places.of(match.end() - 1) + 1) for match in matches]
    kinds = [match.lastindex for match in matches]
    start = 0 if len(text) <= _CHARACTERS else _start(spans, kinds)
    begin = _word_start(text, max(0, start - _BEFORE), start)
    end = max(begin + _CHARACTERS, min((e for s, e in spans if s == start), default=0))
    return _pieces(text, begin, min(end, begin + 2 * _CHARACTERS, len(text)), spans)


def _start(spans: Sequence[tuple[int, int]], kinds: Sequence[int | None]) -> int:
    """Where the first of those matches is that have the most phrases in the snippet after them."""
    best, best_count = 0, 0
    starts = [start for start, _ in spans]
    for number, start in enumerate(starts):
        last = bisect_right(starts, start + _CHARACTERS - 2 * _BEFORE)
        count = len(set(kinds[number:last]))
        if count > best_count:
            best, best_count = start, count
    return best


def _word_start(text: str, place: int, latest: int) -> int:
    """The start of the first word from a place on, so that no word is cut if that can be helped."""
    if place == 0:
        return 0
    found = _NEXT_WORD.search(text, place, latest + 1)
    return place if found is None else found.start()


def _pieces(text: str, begin: int, end: int, spans: Sequence[tuple[int, int]]) -> Sequence[Piece]:
    pieces = [Piece(_CUT, is_hit=False)] if begin > 0 else []
    place = begin
    for start, stop in spans:
        if start < place or start >= end:
            continue
        if start > place:
            pieces.append(Piece(text[place:start], is_hit=False))
        place = min(stop, end)
        pieces.append(Piece(text[start:place], is_hit=True))
    rest = text[place:end] + (_CUT if end < len(text) else "")
    return [*pieces, Piece(rest, is_hit=False)] if rest else pieces
