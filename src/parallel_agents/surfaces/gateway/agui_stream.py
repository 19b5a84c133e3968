"""AG-UI stream: the events of one run as they are sent, and what its models are writing meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Generator, Iterable, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass

import orjson

from parallel_agents.core.event import Event, Queued
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.sessions.event_names import EventNames
from parallel_agents.surfaces.agui.events import AnyEvent, MessagesSnapshot, event_document
from parallel_agents.surfaces.agui.live import TakeBack
from parallel_agents.surfaces.agui.messages import Messages
from parallel_agents.surfaces.agui.resuming import Known, Place, ResumedTranslation, Sent
from parallel_agents.surfaces.agui.translation import Asking, Translation
from parallel_agents.surfaces.gateway.agui_earlier import Members
from parallel_agents.surfaces.gateway.event_routes import HEARTBEAT_SECONDS
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.hub import Following
from parallel_agents.surfaces.gateway.live_watch import Look
from parallel_agents.surfaces.gateway.replies import encode
from parallel_agents.surfaces.gateway.run_events import (
    batches_of_run,
    events_until,
    following_run,
)

MOST_GIVEN = 1_000_000  # bytes of the client's messages that a stream keeps
_MOST_AT_ONCE = 2  # texts at each of ten looks a second


def kept_messages(messages: Iterable[object]) -> list[orjson.Fragment] | None:
    """The messages of a client, to be sent again in a snapshot; None if they cannot be."""
    try:
        kept = [orjson.dumps(message) for message in messages]
    except orjson.JSONEncodeError:
        return None
    is_small = sum(map(len, kept)) <= MOST_GIVEN
    return [orjson.Fragment(each) for each in kept] if is_small else None


@dataclass(frozen=True, slots=True)
class Telling:
    """A run that one client is told.

    Attributes:
        asking: what the client calls it.
        session, run, agent: what it is here, and who does it.
        known: what the client has.
        given: the messages of the client, after those that it has not sent; None if it is told nothing that a snapshot may have to
            take back.
    """

    asking: Asking
    session: SessionKey
    run: RunId
    agent: str
    known: Known
    given: Sequence[orjson.Fragment] | None

    def translation(self) -> Translation:
        return Translation(self.asking, self.session, self.run, self.agent)


class RunStream:
    """The events of a run for one client, from those that it knows on."""

    def __init__(self, call: Call, told: Telling) -> None:
        self._call = call
        self._told = told
        self._translation = told.translation()
        self._lacking = ResumedTranslation(self._translation, told.known)
        self._members = Members(call, told.session)
        self._names = EventNames(call.client.journal)

    async def pieces(self) -> AsyncGenerator[bytes]:
        """What is sent, until the run has ended or the gateway does."""
        told, clock = self._told, asyncio.get_running_loop().time
        following = await following_run(self._call, told.session, told.run)
        batches = batches_of_run(following, told.run, HEARTBEAT_SECONDS)
        sent_at = clock()
        with self._looking(following) as look:
            async with aclosing(batches):
                async for batch in batches:
                    for event in await self._names.named(batch):
                        member = await self._members.find(event.session)
                        for sent in self._lacking.of(event, member):
                            yield await self._encoded(sent)
                            sent_at = clock()
                        self._choose(event, look)
                    if batch:
                        continue
                    for sent in self._written(look):
                        yield await self._encoded(sent)
                        sent_at = clock()
                    if clock() - sent_at >= HEARTBEAT_SECONDS:
                        yield b": still there\n\n"
                        sent_at = clock()

    @contextmanager
    def _looking(self, following: Following) -> Generator[Look]:
        """Look at what is written in the tree of the run, if it may be told."""
        if self._told.given is None:
            yield Look(following.wake)
            return
        with self._call.gateway.live.looking(self._told.session, following.wake) as look:
            yield look

    def _choose(self, event: Event, look: Look) -> None:
        """Look at what the runs write of which the client is told."""
        is_told = self._translation.message_of(event.run, 0) is not None
        if not is_told:
            look.forget(event.run)
        elif isinstance(event.body, Queued):
            look.add(event.run)

    def _written(self, look: Look) -> list[Sent]:
        at, found = round(self._call.client.now() * 1000), list(self._lacking.resume())
        for _ in range(_MOST_AT_ONCE):
            if (written := look.take()) is None:
                break
            sent = self._lacking.written(written.run, written.text, at)
            if sent is None:
                look.put_back(written)
                break
            found += sent
        return found

    async def _encoded(self, sent: Sent) -> bytes:
        content = sent.content
        if isinstance(content, TakeBack):
            content = await self._snapshot(content)
        document = encode(event_document(content))
        return b"id: %s\ndata: %s\n\n" % (sent.known.id.encode(), document)

    async def _snapshot(self, taken_back: TakeBack) -> AnyEvent:
        """All messages that the client shall have now; the run is translated anew up to here for them."""
        told, translation, messages = self._told, self._told.translation(), Messages()
        async for event in events_until(
            self._call, told.session, told.run, self._lacking.place.seq
        ):
            made = translation.of(event, await self._members.find(event.session))
            for number, each in enumerate(made, 1):
                if Place(event.seq, number) <= self._lacking.place:
                    messages.add(each)
        for message, text in taken_back.texts.items():
            messages.put(message, text, taken_back.writers.get(message))
        return MessagesSnapshot(
            timestamp=round(self._call.client.now() * 1000),
            messages=(*(told.given or ()), *messages.documents()),
        )
