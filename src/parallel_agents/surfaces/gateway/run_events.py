"""Run events: those of one run and of all below it, from its beginning to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing

from parallel_agents.core.event import Event, Finished
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS
from parallel_agents.surfaces.gateway.hub import Following, Members


async def events_of_run(
    call: Call, session: SessionKey, run: RunId, patience: float
) -> AsyncGenerator[Event | None]:
    """The events of a session's tree, from when the run was queued until it has ended.

    None stands for so many seconds of silence. It ends early if the gateway does.
    """
    hub, journal = call.gateway.hub, call.client.journal
    after = await queued_at(call, session, run) - 1
    members = Members(call.client.sessions, session)
    following = Following(hub, journal, after=after, members=members, tree=session)
    async with aclosing(following.batches(patience)) as batches:
        async for batch in batches:
            if not batch:
                yield None
            for event in batch:
                yield event
                if event.run == run and isinstance(event.body, Finished):
                    return


async def queued_at(call: Call, session: SessionKey, run: RunId) -> int:
    """The number of the event with which a run begins."""
    after = 0
    while True:
        page = await call.client.journal.events(
            after=after, tree=session, kinds=("queued",), limit=MOST_ITEMS
        )
        for event in page:
            if event.run == run:
                return event.seq
        if len(page) < MOST_ITEMS:
            return after + 1  # it cannot be read; what comes after it can
        after = page[-1].seq
