"""Compare routes: where two runs part, and what was changed between them."""

from __future__ import annotations

from pydantic import Field

from parallel_agents.comparing.reading import compare
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS, USUAL_ITEMS, Given
from parallel_agents.surfaces.gateway.replies import Document
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.comparison import ComparisonDocument, comparison_json


class CompareQuery(Given):
    """Which two, and how much of them."""

    a: str = Field(min_length=1, max_length=500)
    """The one before: a session, a run, or an attempt as `NAME#2`."""
    b: str = Field(min_length=1, max_length=500)
    """The one after."""
    limit: int = Field(default=USUAL_ITEMS, ge=1, le=MOST_ITEMS)
    """How many sessions that differ to return at most."""


async def compared(call: Call, given: CompareQuery) -> Document:
    """Two runs side by side."""
    client = call.client
    found = await compare(client.sessions, client.journal, given.a, given.b)
    return Document(value=comparison_json(found, given.limit))


ROUTES = (
    Route(
        method="GET",
        path="/compare",
        name="compare",
        does="Compare two runs, sessions or attempts: what was changed, and where they part.",
        takes=CompareQuery,
        gives=ComparisonDocument,
        form=Form.DOCUMENT,
        answer=handled(CompareQuery, compared),
        by_journal=True,
    ),
)
