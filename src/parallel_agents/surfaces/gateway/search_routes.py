"""Search routes: a phrase in the transcripts of all sessions."""

from __future__ import annotations

from pydantic import Field

from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import PageQuery
from parallel_agents.surfaces.gateway.replies import Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.session_query import parse_query
from parallel_agents.views.transcript_hits import HitDocument, find_hits, hit_json

_MOST_CATCHING_UP_SECONDS = 0.5


class SearchQuery(PageQuery):
    """What to look for, and where."""

    q: str = Field(min_length=1, max_length=20_000)
    """Words, all of which a text must have, "phrases" in quotes, and `word*` for those that begin so."""
    filter: str = ""
    """Only in these sessions: a filter, as `pagents list` takes it, such as `agent:writer since:2h`."""


async def search(call: Call, given: SearchQuery) -> Page:
    """The hits of a phrase, the best first; `not_indexed` says how many events were not searched."""
    client = call.client
    query = parse_query(given.filter, client.now())
    await client.transcripts.catch_up(most_seconds=_MOST_CATCHING_UP_SECONDS)
    found = await find_hits(
        client.transcripts,
        client.sessions,
        client.journal,
        given.q,
        query,
        limit=given.limit,
        after=given.after,
    )
    return Page(
        schema="search",
        items=[hit_json(hit) for hit in found.items],
        as_of=client.now(),
        last=found.next,
        total=found.total,
        more={"not_indexed": found.coverage.behind},
    )


ROUTES = (
    Route(
        method="GET",
        path="/search",
        name="search",
        does="Find a phrase in the transcripts of all sessions, the best hits first.",
        takes=SearchQuery,
        gives=HitDocument,
        form=Form.PAGE,
        answer=handled(SearchQuery, search),
    ),
)
