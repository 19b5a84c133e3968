"""Finding: a page of the texts that match, the newest of which are ranked first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from parallel_agents.core.ids import SessionKey
from parallel_agents.searching.index_file import IndexFile, Place, Stored
from parallel_agents.searching.phrases import Phrase, expression_of


class Bounds(NamedTuple):
    """How a search of very many texts is kept quick.

    Attributes:
        few: so many matches are looked up in the index of texts, each for itself.
        ranked: of more matches than this, the newest come first; to rank one takes a microsecond.
        at_once: how many texts one statement looks through.
    """

    few: int = 5_000
    ranked: int = 10_000
    at_once: int = 500_000


class Found(NamedTuple):
    """A page, how many match in all, the last text that there was, and how far the index was."""

    items: list[Stored]
    total: int
    until: int
    place: Place


def find(
    index: IndexFile,
    phrases: Sequence[Phrase],
    sessions: Sequence[SessionKey] | None,
    *,
    limit: int,
    skip: int,
    until: int | None,
    bounds: Bounds,
) -> Found:
    """A page of what matches: the best of the newest first, then the best of the next."""
    ranked = bounds.ranked
    expression = expression_of(phrases)
    with index.reading():
        until = index.last_id() if until is None else until
        total = index.count(expression, until)
        if sessions is not None and total > bounds.few:
            return _find_among_many(
                index, expression, sessions, bounds, limit=limit, skip=skip, until=until
            )
        if sessions is not None:
            total, newer, first, last = index.count(expression, until, sessions), 0, 0, until
        else:
            newer = skip - skip % ranked
            last = index.newest(expression, until, newer) if newer else until
            is_more = total > newer + ranked
            first = index.newest(expression, until, newer + ranked) if is_more else 0
        items = index.find(expression, first, last, sessions, limit=limit, skip=skip - newer)
        return Found(items, total, until, index.place())


def _find_among_many(
    index: IndexFile,
    expression: str,
    sessions: Sequence[SessionKey],
    bounds: Bounds,
    *,
    limit: int,
    skip: int,
    until: int,
) -> Found:
    """What is found in some sessions of very many texts that match, each of which is looked up once."""
    numbers, ranked, at_once = index.numbers, bounds.ranked, bounds.at_once
    is_theirs = numbers.of_sessions(sessions, until, index.place(), at_once)
    matching = numbers.matching(expression, until, is_theirs, at_once)
    total, newer = len(matching), skip - skip % ranked
    last = matching[-1 - newer] if newer < total else 0
    first = matching[-1 - newer - ranked] if newer + ranked < total else 0
    items = index.find(
        expression, first, last, None, limit=limit, skip=skip - newer, is_theirs=is_theirs
    )
    return Found(items, total, until, index.place())
