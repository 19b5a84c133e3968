"""Transcript hits: texts found in all transcripts, with their sessions, as far as a filter takes these."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

from typing_extensions import TypedDict

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey, short
from parallel_agents.core.inspection import Journal
from parallel_agents.core.row import Row
from parallel_agents.core.transcript_search import Coverage, Hit, Hits, TranscriptSearch
from parallel_agents.core.verbs import SessionReads
from parallel_agents.views import format
from parallel_agents.views.session_query import FIELDS, SessionQuery, joined
from parallel_agents.views.session_search import search

_ALL = 1_000_000_000
_BLANK = re.compile(r"\s")
_FILTERED = FIELDS.keys() - {"text"}


class PieceDocument(TypedDict):
    """A part of a snippet; those that match are hits."""

    text: str
    is_hit: bool


class HitDocument(TypedDict):
    """A text that matches; `history` shows it whole, after `seq` less one."""

    id: str
    label: str
    agent: str
    role: str
    seq: int
    at: str | None
    session_key: str
    run_id: str
    snippet: list[PieceDocument]


class Asked(NamedTuple):
    """What is looked for, and the filter of the sessions."""

    phrase: str
    filter: str


async def find_hits(
    transcripts: TranscriptSearch,
    sessions: SessionReads,
    journal: Journal,
    phrase: str,
    query: SessionQuery,
    *,
    limit: int,
    after: str = "",
) -> Hits:
    """A page of the hits for a phrase in the sessions that a query asks for.

    Raises:
        InvalidInput: there is nothing to find, or `after` is no place of a page.
        NotFound, Ambiguous: the session that the query is about cannot be found.
        SearchFailed: the index cannot be used.
    """
    chosen: list[SessionKey] | None = None
    if not query.is_empty:
        chosen = await _chosen(transcripts, sessions, journal, phrase, query)
    found = await transcripts.find(phrase, sessions=chosen, limit=limit, after=after)
    rows = await _rows(sessions, {hit.session for hit in found.items})
    return replace(found, items=[_named(hit, rows) for hit in found.items])


def _named(hit: Hit, rows: Mapping[SessionKey, Row]) -> Hit:
    row = rows.get(hit.session)
    if row is None:
        return hit
    session = row.session
    return replace(hit, label=session.label, agent=session.agent.name, name=session.name)


async def _chosen(
    transcripts: TranscriptSearch,
    sessions: SessionReads,
    journal: Journal,
    phrase: str,
    query: SessionQuery,
) -> list[SessionKey]:
    """Of the sessions in which the phrase occurs, those that the query asks for."""
    candidates = await transcripts.sessions_with(phrase)
    narrowed = replace(query, filter=replace(query.filter, sessions=tuple(candidates)))
    sought = await search(sessions, journal, narrowed, limit=_ALL)
    return [line.row.session.key for line in sought.lines]


async def _rows(sessions: SessionReads, keys: set[SessionKey]) -> Mapping[SessionKey, Row]:
    if not keys:
        return {}
    rows = await sessions.list(Filter(sessions=tuple(keys)))
    return {row.session.key: row for row in rows}


def split_arguments(arguments: Sequence[str]) -> Asked:
    """What the arguments of a command line look for, and in which sessions.

    Terms of a filter are `field:value` with a field that exists; everything else is looked for. An
    argument with blanks, from which the shell has taken the quotes, is a phrase.
    """
    phrases: list[str] = []
    terms: list[str] = []
    for argument in arguments:
        name, colon, _ = argument.partition(":")
        if colon and name.lower() in _FILTERED:
            terms.append(argument)
        elif _BLANK.search(argument) and '"' not in argument:
            phrases.append(f'"{argument}"')
        else:
            phrases.append(argument)
    return Asked(" ".join(phrases), joined(terms))


def hit_json(hit: Hit) -> HitDocument:
    """A hit for machines."""
    return {
        "id": hit.name or short(hit.session),
        "label": hit.label,
        "agent": hit.agent,
        "role": hit.role.value,
        "seq": hit.seq,
        "at": format.iso(hit.at),
        "session_key": hit.session,
        "run_id": hit.run,
        "snippet": [{"text": piece.text, "is_hit": piece.is_hit} for piece in hit.snippet],
    }


def coverage_text(coverage: Coverage) -> str:
    """What of the store was not searched; empty if everything was."""
    if not coverage.behind:
        return ""
    events = "1 event is" if coverage.behind == 1 else f"{coverage.behind:,} events are"
    until = "" if coverage.at is None else f"; searched up to {format.moment(coverage.at)}"
    return f"{events} not indexed yet{until}"
