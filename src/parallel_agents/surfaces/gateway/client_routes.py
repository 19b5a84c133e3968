"""Client routes: what the Python client of this package looks up, in the forms of `core` (`gateway_client.wire`).

Other programs use the other routes, whose documents stay the same when this package changes.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from contextlib import aclosing

import orjson
from pydantic import Field, JsonValue
from typing_extensions import TypedDict

from parallel_agents.core.event import Event
from parallel_agents.core.ids import RunId
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.gateway_client.forms import AuditForm
from parallel_agents.gateway_client.wire import (
    FOLLOW,
    FORMAT,
    LISTEN,
    LOOK,
    MOST_ASKED,
    MOST_NAMES,
    VERIFY,
    UnreadableAnswer,
    encode,
    read_asked,
)
from parallel_agents.secrets.known import KNOWN
from parallel_agents.surfaces.gateway.client_looks import ANSWERS
from parallel_agents.surfaces.gateway.event_routes import EVENT_STREAM, HEARTBEAT_SECONDS
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_NUMBER, Given
from parallel_agents.surfaces.gateway.hub import Hub
from parallel_agents.surfaces.gateway.replies import Document, Stream
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.surfaces.gateway.run_texts import PieceDocument, pieces_of_run


class LookQuery(Given):
    """What is looked up."""

    asked: str = Field(max_length=MOST_ASKED)
    """JSON in a form of the client, which may change with its version."""


class FollowQuery(Given):
    """What is followed."""

    name: str = Field(min_length=1, max_length=500)
    """The session."""
    after: int = Field(default=0, ge=0, le=MOST_NUMBER)
    """The number of the last event that is known."""


class ListenQuery(Given):
    """Whose text is heard."""

    run: str = Field(min_length=1, max_length=500)
    """The id of the run."""
    after: int | None = Field(default=None, ge=0, le=1_000_000_000)
    """The last turn whose text is known; 0 for none, and without it that of the last reply stored."""


class VerifyQuery(Given):
    """How the journal is checked."""

    head: str = Field(default="", pattern="^([0-9a-fA-F]{64})?$")
    """A hash that the chain must contain."""
    full: bool = False
    """Whether what an earlier check found intact is checked again."""


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
    answer = ANSWERS.get(asked.look)
    if answer is None:
        raise InvalidInput(
            f"nothing is called {asked.look[:40]!r}",
            hint=did_you_mean(asked.look, ANSWERS, "use the same version on both machines"),
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


async def listen(call: Call, given: ListenQuery) -> Stream:
    """What a run's model writes, as it comes, until the run has ended."""
    run = RunId(given.run)
    await call.client.sessions.rows_of([run])  # refused now if there is none
    pieces = pieces_of_run(call, run, HEARTBEAT_SECONDS, after=given.after)
    return Stream(pieces=pieces, media_type=EVENT_STREAM)


async def verify(call: Call, given: VerifyQuery) -> Document:
    """Whether the journal is as it was written; null while that is being found out."""
    found = await call.gateway.verifying.found(call.client.journal, given.head, is_full=given.full)
    form = None if found is None else AuditForm.of(found)
    return Document(value={"format": FORMAT, "value": orjson.Fragment(encode(form))})


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
    Route(
        method="GET",
        path=VERIFY,
        name="clientVerify",
        does="Check the journal's hashes and runs; null while that takes longer.",
        takes=VerifyQuery,
        gives=LookDocument,
        form=Form.DOCUMENT,
        answer=handled(VerifyQuery, verify),
    ),
    Route(
        method="GET",
        path=LISTEN,
        name="clientListen",
        does="What a run's model writes, for a client of this package, as it comes.",
        takes=ListenQuery,
        gives=PieceDocument,
        form=Form.CONTENT,
        answer=handled(ListenQuery, listen),
    ),
)
