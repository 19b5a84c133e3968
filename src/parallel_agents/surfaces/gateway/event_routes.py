"""Event routes: all events after one of them, as a page, or as they come (SSE)."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from dataclasses import fields
from typing import get_args

from pydantic import Field

from parallel_agents.core.event import Event, StoredBody
from parallel_agents.core.inspection import Journal
from parallel_agents.core.spelling import did_you_mean
from parallel_agents.errors import InvalidInput
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS, MOST_NUMBER, USUAL_ITEMS, Given
from parallel_agents.surfaces.gateway.hub import Following, Members
from parallel_agents.surfaces.gateway.replies import Page, Reply, Stream, encode
from parallel_agents.surfaces.gateway.routes import Form, Route, handled
from parallel_agents.views.documents import NamedEventDocument, encoded_event

EVENT_STREAM = "text/event-stream"
HEARTBEAT_SECONDS = 15.0
KINDS = tuple(
    sorted(
        str(each.default)
        for body in get_args(StoredBody)
        for each in fields(body)
        if each.name == "kind"
    )
)
_RETRY_MILLISECONDS = 2000


class EventsQuery(Given):
    """Which events."""

    after: int | None = Field(default=None, ge=0, le=MOST_NUMBER)
    """The number of the last event that is known; 0 for all, nothing for those from now on."""
    within: str = Field(default="", max_length=500, alias="in")
    """Only the events of this session and of what it spawned."""
    kinds: str = Field(default="", max_length=500)
    """Only events of these kinds, such as `finished,asked`."""
    limit: int = Field(default=USUAL_ITEMS, ge=1, le=MOST_ITEMS)
    """How many a page has at most; a stream has no end."""


async def list_events(call: Call, given: EventsQuery) -> Reply:
    """A page of events, or a stream for who accepts one."""
    client, hub = call.client, call.gateway.hub
    kinds = _kinds_of(given.kinds)
    tree = (await client.sessions.find(given.within)).session.key if given.within else None
    is_stream = EVENT_STREAM in call.accepts
    after = _resumed(call.last_event) if is_stream and call.last_event else given.after
    if after is not None:
        await check_cursor(client.journal, hub.seq, after)
    if not is_stream:
        page = await client.journal.events(
            after=hub.seq if after is None else after, tree=tree, kinds=kinds, limit=given.limit
        )
        last = str(page[-1].seq) if len(page) == given.limit else ""
        return Page(
            schema="events",
            items=[encoded_event(event) for event in await EventNames(client.journal).named(page)],
            as_of=client.now(),
            last=last,
            more={"seq": hub.seq},
        )
    following = Following(
        hub,
        client.journal,
        after=hub.seq if after is None else after,
        members=None if tree is None else Members(client.sessions, tree),
        tree=tree,
        kinds=kinds,
    )
    return Stream(pieces=_pieces(following, EventNames(client.journal)), media_type=EVENT_STREAM)


async def check_cursor(journal: Journal, seq: int, after: int) -> None:
    """Refuse the number of an event that is yet to come: it is of another store.

    Raises:
        InvalidInput: it is.
    """
    if after <= seq:
        return
    last = await journal.last_seq()
    if after > last:
        raise InvalidInput(
            f"there is no event {after} yet",
            why=f"the last one is {last}; the number may be of another store",
            hint="read the state again, and follow from its number",
        )


def _resumed(text: str) -> int:
    if not text.isdecimal() or len(text) > 15:
        raise InvalidInput(
            f"Last-Event-ID is {text[:40]!r}", hint="send the id of the last event that came"
        )
    return int(text)


def _kinds_of(text: str) -> Sequence[str] | None:
    if not text:
        return None
    kinds = [kind.strip() for kind in text.split(",")]
    for kind in kinds:
        if kind not in KINDS:
            raise InvalidInput(
                f"there is no kind of events {kind[:40]!r}",
                hint=did_you_mean(kind, KINDS, f"Kinds: {', '.join(KINDS)}."),
            )
    return kinds


async def _pieces(following: Following, names: EventNames) -> AsyncGenerator[bytes]:
    yield f"retry: {_RETRY_MILLISECONDS}\n\n".encode()
    async with aclosing(following.batches(HEARTBEAT_SECONDS)) as batches:
        async for batch in batches:
            if batch:
                for event in await names.named(batch):
                    yield encoded(event)
            else:
                yield f": {following.seen}\n\n".encode()


def encoded(event: Event) -> bytes:
    """An event as server-sent events have it; its number is its id."""
    return b"id: %d\ndata: %s\n\n" % (event.seq, encode(encoded_event(event)))


ROUTES = (
    Route(
        method="GET",
        path="/events",
        name="listEvents",
        does="A page of events; with `Accept: text/event-stream`, events as they come.",
        takes=EventsQuery,
        gives=NamedEventDocument,
        form=Form.PAGE,
        answer=handled(EventsQuery, list_events),
    ),
)
