"""Responses stream: a run until it has ended, as one document or as the events of OpenAI's clients."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping
from contextlib import aclosing, contextmanager

from parallel_agents.core.event import Event
from parallel_agents.core.filter import Filter
from parallel_agents.core.ids import SessionKey
from parallel_agents.errors import Stopping
from parallel_agents.surfaces.gateway.event_routes import HEARTBEAT_SECONDS
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.hub import Following
from parallel_agents.surfaces.gateway.live_watch import Look
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.surfaces.gateway.run_events import batches_of_run, following_run
from parallel_agents.surfaces.responses.documents import Asked, Ended, response_document
from parallel_agents.surfaces.responses.run import ResponseRun
from parallel_agents.surfaces.responses.streamed import StreamedResponse

_Event = Mapping[str, object]


async def end_of(call: Call, run: ResponseRun) -> Ended | None:
    """How a run has ended, once it has; None if the gateway ends before."""
    following = await following_run(call, run.session, run.run)
    async with aclosing(_followed(call, run, following)) as events:
        async for _ in events:
            pass
    return run.end


async def whole_pieces(call: Call, session: SessionKey, asked: Asked) -> AsyncGenerator[bytes]:
    """The response once the run has ended; until then blanks, so that nobody thinks it broken."""
    run = ResponseRun(session, asked.run)
    following = await following_run(call, session, asked.run)
    async with aclosing(_followed(call, run, following)) as events:
        async for event in events:
            if event is None:
                yield b" "
    yield encode(response_document(asked, run.end))


async def event_pieces(
    call: Call, session: SessionKey, streamed: StreamedResponse
) -> AsyncGenerator[bytes]:
    """The response as events: its text while it is written, if nothing replaces it, and its end."""
    for event in streamed.begun():
        yield _encoded(event)
    run = ResponseRun(session, streamed.asked.run)
    async with aclosing(_told(call, run, streamed)) as pieces:
        async for piece in pieces:
            yield piece
    if run.end is None:
        text = "the gateway is stopping; the run continues, and GET returns it"
        yield _encoded(streamed.event("error", code=Stopping.code, message=text, param=None))
        return
    for event in streamed.ended(run.end):
        yield _encoded(event)


async def _told(call: Call, run: ResponseRun, streamed: StreamedResponse) -> AsyncGenerator[bytes]:
    """What is told until the run has ended, and a comment for each 15 seconds of silence."""
    following, clock = await following_run(call, run.session, run.run), asyncio.get_running_loop()
    sent_at = clock.time()
    with _looking(call, run, streamed, following) as look:
        async with aclosing(_followed(call, run, following)) as events:
            async for event in events:
                told: Iterable[_Event] = ()
                if event is None:
                    told = () if look is None else _written(look, streamed)
                elif event.run == run.run:
                    told = streamed.of(event)
                for each in told:
                    yield _encoded(each)
                    sent_at = clock.time()
                if event is None and clock.time() - sent_at >= HEARTBEAT_SECONDS:
                    yield b": still there\n\n"
                    sent_at = clock.time()


@contextmanager
def _looking(
    call: Call, run: ResponseRun, streamed: StreamedResponse, following: Following
) -> Generator[Look | None]:
    """Look at what the run writes, if its text is told while it is written."""
    if not streamed.is_told_live:
        yield None
        return
    with call.gateway.live.looking(run.run, following.wake) as look:
        look.add(run.run)
        yield look


def _written(look: Look, streamed: StreamedResponse) -> Iterable[_Event]:
    written = look.take()
    if written is None:
        return ()
    told = streamed.written(written.text)
    if told is None:
        look.put_back(written)
    return told or ()


async def _followed(
    call: Call, run: ResponseRun, following: Following
) -> AsyncGenerator[Event | None]:
    """Follow a run until it has ended; None if woken, and for each 15 seconds of silence."""
    members: dict[SessionKey, tuple[str, SessionKey | None]] = {run.session: ("", None)}
    async with aclosing(batches_of_run(following, run.run, HEARTBEAT_SECONDS)) as batches:
        async for batch in batches:
            for event in batch:
                if event.session not in members:
                    members[event.session] = await _place_of(call, event.session)
                run.add(event, *members[event.session])
                yield event
            if not batch:
                yield None


async def _place_of(call: Call, key: SessionKey) -> tuple[str, SessionKey | None]:
    """The label of a session, and what spawned it."""
    rows = await call.client.sessions.list(Filter(session=key))
    return (rows[0].session.label, rows[0].session.parent) if rows else (key, None)


def _encoded(event: _Event) -> bytes:
    return b"event: %s\ndata: %s\n\n" % (str(event["type"]).encode(), encode(event))
