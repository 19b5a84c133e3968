"""Run events: those of one run and of all below it, from its beginning to its end."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing

from parallel_agents.core.event import Event, Finished
from parallel_agents.core.ids import RunId, SessionKey
from parallel_agents.surfaces.gateway.gateway import Call
from parallel_agents.surfaces.gateway.given import MOST_ITEMS
from parallel_agents.surfaces.gateway.hub import Following, Members


async def following_run(call: Call, session: SessionKey, run: RunId) -> Following:
    """The events of a session's tree, from when the run was queued."""
    after = await _queued_at(call, session, run) - 1
    members = Members(call.client.sessions, session)
    return Following(
        call.gateway.hub, call.client.journal, after=after, members=members, tree=session
    )


async def batches_of_run(
    following: Following, run: RunId, patience: float
) -> AsyncGenerator[list[Event]]:
    """The events until the run has ended; an empty batch as from `Following`.

    It ends early if the gateway does.
    """
    async with aclosing(following.batches(patience)) as batches:
        async for batch in batches:
            end = _end_in(batch, run)
            yield batch if end is None else batch[:end]
            if end is not None:
                return


def _end_in(batch: Sequence[Event], run: RunId) -> int | None:
    """How many events come up to the end of a run; None if it does not end here."""
    for number, event in enumerate(batch, 1):
        if event.run == run and isinstance(event.body, Finished):
            return number
    return None


async def events_until(
    call: Call, session: SessionKey, run: RunId, seq: int
) -> AsyncGenerator[Event]:
    """The events of a session's tree, from when the run was queued up to one that is stored."""
    after = await _queued_at(call, session, run) - 1
    while after < seq:
        page = await call.client.journal.events(after=after, tree=session, limit=MOST_ITEMS)
        for event in page:
            if event.seq <= seq:
                yield event
        if len(page) < MOST_ITEMS:
            return
        after = page[-1].seq


async def _queued_at(call: Call, session: SessionKey, run: RunId) -> int:
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
