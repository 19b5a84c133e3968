"""A team's limit applies in each process that has runs of its tree, however they got there."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Collection
from contextlib import asynccontextmanager
from dataclasses import replace

import pytest
from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.event import Event
from parallel_agents.core.ids import SessionKey
from parallel_agents.core.model import Listener, ModelReply, ModelRequest
from parallel_agents.core.owner import Role
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter, SessionPlan
from parallel_agents.core.task import Task, TeamTask
from parallel_agents.errors import AuthFailed
from parallel_agents.testing import MemoryStore, RepliesWith, Rig, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


class Crowd(RepliesWith):
    """A model that takes 10 s, and counts who asks it at once."""

    def __init__(self) -> None:
        super().__init__(lambda _: "done", "scripted/model")
        self.most = 0
        self._now = 0

    @override
    async def respond(self, request: ModelRequest, listener: Listener | None = None) -> ModelReply:
        self._now += 1
        self.most = max(self.most, self._now)
        await asyncio.sleep(10)
        self._now -= 1
        return await super().respond(request, listener)


@asynccontextmanager
async def open_store() -> AsyncGenerator[MemoryStore]:
    store = MemoryStore(asyncio.get_running_loop().time)
    try:
        yield store
    finally:
        await store.aclose()


def team(count: int, max_parallel: int | None) -> TeamTask:
    tasks = tuple(Task("writer", f"task {n}") for n in range(count))
    return TeamTask(tasks=tasks, max_parallel=max_parallel)


async def carry_out(rig: Rig) -> None:
    """Wait until nothing is live in the store of a rig that takes over runs without an owner."""
    while rows := await rig.sessions.list(Filter(is_live=True)):
        await rig.service.wait([row.run.id for row in rows])


async def spawn_and_leave(store: MemoryStore, asked: TeamTask) -> SessionKey:
    """A team that another process was asked for, and left to whoever comes before it began."""
    async with open_rig(Crowd(), agents=[WRITER], store=store) as rig:
        spawned = await rig.service.spawn_team(asked)
        owner = rig.engine.owner
        left = await store.rows(Filter(owner=owner))
    await store.release(owner, [row.run.id for row in left])
    return spawned.session_key


@pytest.mark.parametrize(("given", "held", "most"), [(2, None, 2), (None, None, 6), (2, 3, 3)])
async def test_a_worker_that_takes_a_team_over_holds_its_bound_unless_it_is_told_another(
    given: int | None, held: int | None, most: int
) -> None:
    crowd = Crowd()

    async with open_store() as store:
        key = await spawn_and_leave(store, team(6, given))
        async with open_rig(crowd, agents=[WRITER], store=store, role=Role.WORKER) as rig:
            if held is not None:
                rig.service.limit_parallel(key, held)
            await carry_out(rig)

    assert crowd.most == most
    assert len(crowd.requests) == 6


async def test_a_worker_that_is_left_the_retries_of_a_team_holds_its_bound() -> None:
    crowd = Crowd()

    async with open_store() as store:
        fails = RepliesWith(lambda _: AuthFailed("no key"), "scripted/model")
        async with open_rig(fails, agents=[WRITER], store=store) as rig:
            handle = await rig.sessions.spawn_team(team(6, 2))
            assert (await handle.wait()).status is RunStatus.FAILED
            for letter in await rig.sessions.dead_letters():
                planned = await rig.service.plan_retry(letter)
                assert isinstance(planned, SessionPlan)
                # As a command does, which carries nothing out itself.
                await store.spawn([replace(planned, owner=None)])
        async with open_rig(crowd, agents=[WRITER], store=store, role=Role.WORKER) as rig:
            await carry_out(rig)

    assert crowd.most == 2
    assert len(crowd.requests) == 6


async def test_what_is_spawned_or_sent_under_a_team_of_another_process_is_held_to_its_bound() -> (
    None
):
    here, there = Crowd(), Crowd()

    async with (
        open_store() as store,
        open_rig(there, agents=[WRITER], store=store) as theirs,
        open_rig(here, agents=[WRITER], store=store) as ours,
    ):
        handle = await theirs.sessions.spawn_team(team(2, 1))
        assert (await theirs.sessions.team_result(handle)).is_done
        members = await ours.sessions.list(Filter(parent=handle.key))
        first, second = (member.session.key for member in members)

        spawned = [
            await ours.sessions.spawn(Task("writer", f"part {n}"), parent=first) for n in range(3)
        ]
        sent = await ours.sessions.send(second, "once more")

        assert all(one.is_done for one in await ours.sessions.wait([*spawned, sent]))

    assert there.most == 1
    assert here.most == 1
    assert len(here.requests) == 4


async def test_a_team_that_goes_on_is_read_back_once() -> None:
    reads: list[SessionKey | None] = []

    class Counting(MemoryStore):
        @override
        async def events(
            self,
            *,
            after: int = 0,
            session: SessionKey | None = None,
            tree: SessionKey | None = None,
            kinds: Collection[str] | None = None,
            limit: int | None = None,
        ) -> list[Event]:
            reads.append(session)
            return await super().events(
                after=after, session=session, tree=tree, kinds=kinds, limit=limit
            )

    store = Counting(asyncio.get_running_loop().time)
    key = await spawn_and_leave(store, team(50, None))
    reads.clear()
    async with open_rig(Crowd(), agents=[WRITER], store=store, role=Role.WORKER) as rig:
        await carry_out(rig)
    await store.aclose()

    assert key == reads[0]
    assert len(reads) == 1
