"""Asked before: what the runs of the flow of a name were asked for."""

from __future__ import annotations

from parallel_agents.app.client import Client
from parallel_agents.core.event import Event, Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import PAGE


async def asked_before(client: Client, session: SessionKey) -> list[FlowTask]:
    """What the runs of a flow were asked for, oldest first; nothing if there is no such flow."""
    events = list[Event]()
    while page := await client.journal.events(
        session=session, kinds={"queued"}, after=events[-1].seq if events else 0
    ):
        events += page
        if len(page) < PAGE:
            break
    bodies = [event.body for event in events]
    return [body.flow for body in bodies if isinstance(body, Queued) and body.flow is not None]
