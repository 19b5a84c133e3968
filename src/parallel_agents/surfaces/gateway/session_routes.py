"""Session routes: teams and sessions, one of them, its tree, its history and its results."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from pydantic import Field

from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.run import RunnerKind
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import (
    MOST_ITEMS,
    MOST_NUMBER,
    USUAL_ITEMS,
    Given,
    Nothing,
    PageQuery,
    part_of,
)
from parallel_agents.surfaces.gateway.replies import Document, Page
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.documents import (
    NamedEventDocument,
    ResultDocument,
    named_event_json,
    result_json,
)
from parallel_agents.views.flow_steps import FlowStepDocument, find_flow_steps, flow_step_json
from parallel_agents.views.last_tries import last_tries
from parallel_agents.views.run_documents import RunDocument, run_json
from parallel_agents.views.run_graph import RunGraphDocument, plan_of, run_graph
from parallel_agents.views.session_documents import WholeDocument
from parallel_agents.views.session_query import SessionQuery, parse_query
from parallel_agents.views.session_search import Sought, search
from parallel_agents.views.sessions import in_all_runs, lines_of
from parallel_agents.views.usual import usual_of
from parallel_agents.views.waits import waited_seconds


class RunsQuery(PageQuery):
    """Which teams and sessions."""

    filter: str = ""
    """A filter, as `pagents list` takes it, such as `state:failed since:2h`; without one, the roots."""


async def list_runs(call: Call, given: RunsQuery) -> Page:
    """The teams and sessions that a filter asks for; without one, those that nothing spawned."""
    query = parse_query(given.filter, call.client.now())
    if not query.is_empty:
        return await _found(call, query, given)
    sought = await _roots(call, given.limit, await _key_after(call, given))
    return _page_of(call, sought, given.limit)


async def _found(call: Call, query: SessionQuery, given: PageQuery) -> Page:
    """A page of the sessions that a query asks for."""
    client = call.client
    sought = await search(
        client.sessions,
        client.journal,
        query,
        limit=given.limit,
        after=await _key_after(call, given),
        lacks=call.gateway.lacks,
    )
    return _page_of(call, sought, given.limit)


async def _key_after(call: Call, given: PageQuery) -> SessionKey | None:
    """The session after which a page begins; None for the first page."""
    return (await call.client.sessions.find(given.after)).session.key if given.after else None


async def _roots(call: Call, limit: int, after: SessionKey | None) -> Sought:
    client = call.client
    rows, total = await asyncio.gather(
        client.sessions.list(Filter(roots_only=True, limit=limit, after=after)),
        client.journal.count_rows(Filter(roots_only=True)),
    )
    return Sought(lines_of(await client.journal.look(rows), call.gateway.lacks), total)


def _page_of(call: Call, sought: Sought, limit: int) -> Page:
    is_full = len(sought.lines) == limit
    return Page(
        schema="list",
        items=[call.gateway.documents.of(line) for line in sought.lines],
        as_of=call.client.now(),
        last=sought.lines[-1].row.session.key if is_full else "",
        total=sought.matching,
    )


async def list_tree(call: Call, given: PageQuery) -> Page:
    """A team or session and everything that it spawned, newest first."""
    return await _found(call, SessionQuery(within=call.name), given)


async def show_run(call: Call, _: Nothing) -> Document:
    """One team or session, with its current run."""
    client = call.client
    row = await client.sessions.find(call.name)
    (line,) = lines_of(await client.journal.look([row]), call.gateway.lacks)
    budget = await client.journal.budget(row.session.key)
    usual = await usual_of(client.sessions, row)
    waited = await waited_seconds(client.sessions, client.journal, line)
    has_plan = await plan_of(client.journal, row) is not None
    return Document(value=run_json(line, budget, usual, waited=waited, has_plan=has_plan))


async def graph(call: Call, _: Nothing) -> Document:
    """The steps of the plan that a run carries out, with how they are doing."""
    client = call.client
    row = await client.sessions.find(call.name)
    return Document(value=await run_graph(client.sessions, client.journal, row))


class EventsOfQuery(Given):
    """Which part of a history."""

    after: int | None = Field(default=None, ge=0, le=MOST_NUMBER)
    """The first events after this one; without it, the last ones."""
    before: int | None = Field(default=None, ge=1, le=MOST_NUMBER)
    """The last events before this one."""
    limit: int = Field(default=USUAL_ITEMS, ge=1, le=MOST_ITEMS)
    """How many to return at most."""


async def history(call: Call, given: EventsOfQuery) -> Page:
    """What was said and done in a session and everything that it spawned, oldest first."""
    journal = call.client.journal
    if given.after is not None and given.before is not None:
        raise InvalidInput("after and before cannot be used together", hint="leave one out")
    tree = (await call.client.sessions.find(call.name)).session.key
    if given.after is None:
        events = await journal.last_events(before=given.before, tree=tree, limit=given.limit)
    else:
        events = await journal.events(after=given.after, tree=tree, limit=given.limit)
    is_full = len(events) == given.limit
    earlier = await journal.count_events(before=events[0].seq, tree=tree) if events else 0
    return Page(
        schema="history",
        items=[named_event_json(event) for event in await EventNames(journal).named(events)],
        as_of=call.client.now(),
        last=str(events[-1].seq) if is_full and given.after is not None else "",
        total=await journal.count_events(tree=tree),
        more={"earlier": earlier},
    )


async def results(call: Call, given: PageQuery) -> Page:
    """The results of a team's tasks by their last tries, or of a session, as far as they have ended; `not_shown` counts what no longer counts."""
    sessions = call.client.sessions
    row = await sessions.find(call.name)
    tries = await last_tries(sessions, call.client.journal, row)
    runs = list(tries.runs)
    if row.run.id not in runs and row.run.kind is RunnerKind.FLOW:
        runs = [row.run.id, *runs]
    start = _start_of(runs, given.after)
    part = runs[start : start + given.limit]
    found = await sessions.results(part)
    (line,) = lines_of(await call.client.journal.look([row]))
    return Page(
        schema="results",
        items=[result_json(in_all_runs(result, line)) for result in found],
        as_of=call.client.now(),
        last=part[-1] if start + len(part) < len(runs) else "",
        total=len(runs),
        more={"not_shown": tries.not_shown._asdict()},
    )


async def steps(call: Call, given: PageQuery) -> Page:
    """Everything that a flow has begun, in its order: functions and questions, and sessions."""
    client = call.client
    found = await find_flow_steps(
        client.sessions, client.journal, await client.sessions.find(call.name)
    )
    part, following = part_of(found, given)
    return Page(
        schema="steps",
        items=[flow_step_json(step) for step in part],
        as_of=client.now(),
        last=following,
        total=len(found),
    )


def _start_of(runs: Sequence[RunId], after: str) -> int:
    if not after:
        return 0
    if after not in runs:
        raise InvalidInput(f"no page begins after {after[:80]!r}", hint="follow `next`")
    return runs.index(RunId(after)) + 1


ROUTES = (
    Route(
        method="GET",
        path="/runs",
        name="listRuns",
        does="List teams and sessions, newest first.",
        takes=RunsQuery,
        gives=WholeDocument,
        form=Form.PAGE,
        answer=handled(RunsQuery, list_runs),
    ),
    Route(
        method="GET",
        path="/runs/{name}/tree",
        name="listTree",
        does="List a team or session and everything that it spawned, newest first.",
        takes=PageQuery,
        gives=WholeDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, list_tree),
    ),
    Route(
        method="GET",
        path="/runs/{name}",
        name="showRun",
        does="Show one team or session, with its current run, its tags and its budget.",
        takes=Nothing,
        gives=RunDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, show_run),
    ),
    Route(
        method="GET",
        path="/runs/{name}/graph",
        name="runGraph",
        does="The steps of the plan that a run carries out: the state of each, and what decided.",
        takes=Nothing,
        gives=RunGraphDocument,
        form=Form.DOCUMENT,
        answer=handled(Nothing, graph),
    ),
    Route(
        method="GET",
        path="/runs/{name}/history",
        name="history",
        does="What was said and done in a session and everything that it spawned, oldest first.",
        takes=EventsOfQuery,
        gives=NamedEventDocument,
        form=Form.PAGE,
        answer=handled(EventsOfQuery, history),
        by_journal=True,
    ),
    Route(
        method="GET",
        path="/runs/{name}/steps",
        name="steps",
        does="Everything that a flow has begun, in its order: functions, questions and sessions.",
        takes=PageQuery,
        gives=FlowStepDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, steps),
    ),
    Route(
        method="GET",
        path="/runs/{name}/results",
        name="results",
        does="The results of a team's tasks, or of a session, as far as they have ended.",
        takes=PageQuery,
        gives=ResultDocument,
        form=Form.PAGE,
        answer=handled(PageQuery, results),
        by_journal=True,
    ),
)
