"""Session routes: teams and sessions, one of them, its tree, its history and its results."""

from __future__ import annotations

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import PageQuery
from parallel_agents.surfaces.gateway.replies import Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.documents import SessionDocument, line_json
from parallel_agents.views.session_query import SessionQuery, parse_query
from parallel_agents.views.session_search import Sought, search
from parallel_agents.views.sessions import lines_of


class RunsQuery(PageQuery):
    """Which teams and sessions."""

    filter: str = ""
    """A filter, as `pagents list` takes it, such as `state:failed since:2h`; without one, the roots."""


async def list_runs(call: Call, given: RunsQuery) -> Page:
    """The teams and sessions that a filter asks for; without one, those that nothing spawned."""
    client = call.client
    query = parse_query(given.filter, client.now())
    after = (await client.sessions.find(given.after)).session.key if given.after else None
    if query.is_empty:
        sought = await _roots(call, given.limit, after)
    else:
        sought = await search(
            client.sessions,
            client.journal,
            query,
            limit=given.limit,
            after=after,
            lacks=call.gateway.lacks,
        )
    return _page_of(call, sought, given.limit)


async def _roots(call: Call, limit: int, after: SessionKey | None) -> Sought:
    client = call.client
    rows = await client.sessions.list(Filter(roots_only=True, limit=limit, after=after))
    lines = lines_of(await client.journal.look(rows), call.gateway.lacks)
    return Sought(lines, await client.journal.count_rows(Filter(roots_only=True)))


def _page_of(call: Call, sought: Sought, limit: int) -> Page:
    is_full = len(sought.lines) == limit
    return Page(
        schema="list",
        items=[line_json(line) for line in sought.lines],
        as_of=call.client.now(),
        last=sought.lines[-1].row.session.key if is_full else "",
        total=sought.matching,
    )


async def list_tree(call: Call, given: PageQuery) -> Page:
    """A team or session and everything that it spawned, newest first."""
    client = call.client
    after = (await client.sessions.find(given.after)).session.key if given.after else None
    query = SessionQuery(within=call.name)
    sought = await search(
        client.sessions,
        client.journal,
        query,
        limit=given.limit,
        after=after,
        lacks=call.gateway.lacks,
    )
    return _page_of(call, sought, given.limit)


ROUTES = (
    Route(
        method="GET",
        path="/runs",
        name="listRuns",
        does="List teams and sessions, newest first.",
        takes=RunsQuery,
        gives=SessionDocument,
        form=Form.PAGE,
        answer=handled(RunsQuery, list_runs),
    ),
    Route(
        method="GET",
        path="/runs/{name}/tree",
        name="listTree",
        does="List a team or session and everything that it spawned, newest first.",
        takes=PageQuery,
        gives=SessionDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, list_tree),
    ),
)
