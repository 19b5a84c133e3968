"""Client routes: what the Python client of this package looks up, in the forms of `core` (`gateway_client.wire`).

Other programs use the other routes, whose documents stay the same when this package changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import aclosing
from dataclasses import replace

import orjson
from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.app.thin import ThinClient
from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.core.inspection import PAGE
from parallel_agents.core.row import Row
from parallel_agents.core.run import Result
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.gateway_client.wire import (
    FOLLOW,
    FORMAT,
    LOOK,
    MOST_ASKED,
    MOST_NAMES,
    MOST_ROWS,
    WAIT_SECONDS,
    Asked,
    UnreadableAnswer,
    encode,
    read_asked,
)
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.gateway.event_routes import EVENT_STREAM, HEARTBEAT_SECONDS
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import Given
from parallel_agents.surfaces.gateway.hub import Hub
from parallel_agents.surfaces.gateway.replies import Document, Stream
from parallel_agents.surfaces.gateway.routes import Form, Route, handled

_Answer = Callable[[ThinClient, Asked], Awaitable[object]]


class LookQuery(Given):
    """What is looked up."""

    asked: str = Field(max_length=MOST_ASKED)
    """JSON in a form of the client, which may change with its version."""


class FollowQuery(Given):
    """What is followed."""

    name: str = Field(min_length=1, max_length=500)
    """The session."""
    after: int = Field(default=0, ge=0)
    """The number of the last event that is known."""


class LookDocument(TypedDict):
    """What was found, in a form of this number."""

    format: int
    value: JsonValue


async def look_up(call: Call, given: LookQuery) -> Document:
    """Look something up for a client of this package."""
    try:
        asked = read_asked(given.asked)
    except UnreadableAnswer as error:
        raise InvalidInput(
            "what is asked cannot be read",
            why=str(error),
            hint="use the same version of pagents on both machines, or the other paths",
        ) from error
    answer = _ANSWERS.get(asked.look)
    if answer is None:
        raise InvalidInput(
            f"nothing is called {asked.look[:40]!r}",
            hint=did_you_mean(asked.look, _ANSWERS, "use the same version on both machines"),
        )
    if len(asked.names) > MOST_NAMES:
        raise InvalidInput(f"more than {MOST_NAMES} names", hint="ask for fewer at once")
    found = await answer(call.client, asked)
    return Document(value={"format": FORMAT, "value": orjson.Fragment(encode(found))})


async def follow(call: Call, given: FollowQuery) -> Stream:
    """The events of a session and all below it as they come, until its latest run ends."""
    row = await call.client.sessions.find(given.name)
    events = call.client.sessions.follow(row.session.key, after=given.after)
    return Stream(pieces=_pieces(events, call.gateway.hub), media_type=EVENT_STREAM)


async def _pieces(events: AsyncGenerator[Event], hub: Hub) -> AsyncGenerator[bytes]:
    """Each event, a comment in each silence, and a last word once no more come."""
    ending = asyncio.ensure_future(hub.ending.wait())
    coming: asyncio.Future[Event] | None = None
    async with aclosing(events):
        try:
            while True:
                coming = coming or asyncio.ensure_future(anext(events))
                await asyncio.wait(
                    (coming, ending),
                    timeout=HEARTBEAT_SECONDS,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not coming.done():
                    if ending.done():
                        return
                    yield b": nothing new\n\n"
                    continue
                event, coming = await coming, None
                document = {"format": FORMAT, "value": orjson.Fragment(encode(event))}
                shown = KNOWN.hide_json(orjson.dumps(document))
                yield b"id: %d\ndata: %s\n\n" % (event.seq, shown)
        except StopAsyncIteration:
            coming = None
            yield b'data: {"end": true}\n\n'
        finally:
            ending.cancel()
            if coming is not None:
                coming.cancel()
                await asyncio.wait((coming,))


def _session(asked: Asked) -> SessionKey:
    if asked.session is None:
        raise InvalidInput(f"{asked.look} needs a session", hint="name one")
    return asked.session


def _limit(asked: Asked) -> int:
    return min(PAGE if asked.limit is None else asked.limit, PAGE)


def _runs(asked: Asked) -> list[RunId]:
    return [RunId(name) for name in asked.names]


async def _rows(client: ThinClient, asked: Asked) -> list[Row]:
    chosen = asked.rows or Filter()
    most = MOST_ROWS + 1 if chosen.limit is None else min(chosen.limit, MOST_ROWS + 1)
    rows = await client.sessions.list(replace(chosen, limit=most))
    if len(rows) > MOST_ROWS:
        raise InvalidInput(
            f"more than {MOST_ROWS:,} sessions are asked for at once", hint="narrow the filter"
        )
    return rows


async def _wait(client: ThinClient, asked: Asked) -> list[Result] | None:
    seconds = WAIT_SECONDS if asked.seconds is None else min(asked.seconds, WAIT_SECONDS)
    try:
        return await client.sessions.wait(_runs(asked), timeout=seconds, until=asked.until)
    except TimeoutError:
        return None


async def _snapshot(client: ThinClient, asked: Asked) -> object:
    return await client.journal.look(await client.sessions.rows_of(_runs(asked)))


async def _member_runs(client: ThinClient, asked: Asked) -> object:
    return await client.sessions.member_runs(await client.sessions.find(_session(asked)))


async def _now(client: ThinClient, _: Asked) -> object:
    return client.now()


async def _spent_below(client: ThinClient, asked: Asked) -> object:
    return await client.sessions.spent_below(RunId(asked.name))


async def _events(client: ThinClient, asked: Asked) -> object:
    return await client.journal.events(
        after=asked.after,
        session=asked.session,
        tree=asked.tree,
        kinds=asked.kinds,
        limit=_limit(asked),
    )


async def _last_events(client: ThinClient, asked: Asked) -> object:
    return await client.journal.last_events(
        before=asked.before, tree=asked.tree, kinds=asked.kinds, limit=_limit(asked)
    )


async def _costs(client: ThinClient, asked: Asked) -> object:
    return await client.journal.costs(tree=asked.tree, since=asked.since, tag=asked.tag)


async def _unanswered(client: ThinClient, asked: Asked) -> object:
    return await client.journal.count_unanswered(tree=asked.tree, since=asked.since, tag=asked.tag)


async def _origins(client: ThinClient, asked: Asked) -> object:
    return await client.journal.origins([SessionKey(name) for name in asked.names])


_ANSWERS: Mapping[str, _Answer] = {
    "find": lambda client, asked: client.sessions.find(asked.name),
    "list": _rows,
    "child_runs": lambda client, asked: client.sessions.child_runs(_session(asked)),
    "children_named": lambda client, asked: client.sessions.children_named(
        _session(asked), asked.names
    ),
    "spent_below": _spent_below,
    "batches": lambda client, asked: client.sessions.batches(_session(asked), after=asked.after),
    "history": lambda client, asked: client.sessions.history(
        asked.name, after=asked.after, limit=_limit(asked)
    ),
    "member_runs": _member_runs,
    "rows_of": lambda client, asked: client.sessions.rows_of(_runs(asked)),
    "results": lambda client, asked: client.sessions.results(_runs(asked)),
    "team_result": lambda client, asked: client.sessions.team_result(asked.name),
    "questions": lambda client, _: client.sessions.questions(),
    "dead_letters": lambda client, asked: client.sessions.dead_letters(asked.letters),
    "wait": _wait,
    "look": _snapshot,
    "owners": lambda client, _: client.journal.owners(),
    "events": _events,
    "last_events": _last_events,
    "vitals": lambda client, asked: client.journal.vitals(since=asked.since or 0.0),
    "last_seq": lambda client, _: client.journal.last_seq(),
    "pages": lambda client, _: client.journal.pages(),
    "unsent": lambda client, asked: client.journal.unsent(since=asked.since or 0.0),
    "count_events": lambda client, asked: client.journal.count_events(
        before=asked.before, tree=asked.tree
    ),
    "count_rows": lambda client, asked: client.journal.count_rows(asked.rows or Filter()),
    "costs": _costs,
    "count_unanswered": _unanswered,
    "budget": lambda client, asked: client.journal.budget(_session(asked)),
    "origins": _origins,
    "throttles": lambda client, _: client.limits.throttles(),
    "now": _now,
}

ROUTES = (
    Route(
        method="GET",
        path=LOOK,
        name="clientLook",
        does="Look something up for a client of this package, in the forms of its version.",
        takes=LookQuery,
        gives=LookDocument,
        form=Form.DOCUMENT,
        answer=handled(LookQuery, look_up),
    ),
    Route(
        method="GET",
        path=FOLLOW,
        name="clientFollow",
        does="The events of a session for a client of this package, as they come.",
        takes=FollowQuery,
        gives=LookDocument,
        form=Form.CONTENT,
        answer=handled(FollowQuery, follow),
    ),
)
