"""Asked before: what the runs of the flow of a name were asked for."""

from __future__ import annotations

from parallel_agents.app.client import Client
from parallel_agents.core.event import Queued
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.inspection import each_event


async def asked_before(client: Client, session: SessionKey) -> list[FlowTask]:
    """What the runs of a flow were asked for, oldest first; nothing if there is no such flow."""
    events = each_event(client.journal, session=session, kinds={"queued"})
    bodies = [event.body async for event in events]
    return [body.flow for body in bodies if isinstance(body, Queued) and body.flow is not None]
