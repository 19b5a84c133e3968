"""Following tells each event of a tree once and in order, however slow the listener is."""

from __future__ import annotations

import asyncio

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Event
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.sessions.completions import Completions
from parallel_agents.sessions.following import follow
from parallel_agents.testing import MemoryStore, RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


def model() -> RepliesWith:
    return RepliesWith(lambda _: "done", latency_seconds=10.0)


def team(*tasks: Task) -> TeamTask:
    return TeamTask(tasks=tasks, name="crew")


async def test_whoever_falls_far_behind_still_hears_each_event_once() -> None:
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn_team(team(Task("writer", "a"), Task("writer", "b")))
        row = await rig.service.find(handle.key)
        told: list[Event] = []
        async for event in follow(store, Completions(store), row, after=0, most_buffered=2):
            told.append(event)
            await asyncio.sleep(1)

        assert told == await store.events(tree=handle.key)
    await store.aclose()


async def test_whoever_follows_a_session_hears_of_what_it_spawns_later_and_of_nothing_else() -> (
    None
):
    store = MemoryStore(asyncio.get_running_loop().time)
    async with open_rig(model(), agents=[WRITER], store=store) as rig:
        top = await rig.sessions.spawn(Task("writer", "top"))
        told: list[Event] = []

        async def listen() -> None:
            told.extend([event async for event in rig.service.follow(top.key)])

        async with asyncio.TaskGroup() as group:
            group.create_task(listen())
            await asyncio.sleep(0.1)
            await rig.sessions.spawn(Task("writer", "stranger"))
            child = await rig.sessions.spawn(Task("writer", "child", label="child"), parent=top)
            below = await rig.sessions.spawn(Task("writer", "below", label="below"), parent=child)

        sessions = {event.session: event.path for event in told}
        assert sessions == {top.key: (), child.key: ("child",), below.key: ("child", "below")}
        assert told == [e for e in await store.events(tree=top.key) if e.seq <= told[-1].seq]
    await store.aclose()
