"""An engine is quiet once it has nothing to run, and has looked for what others have queued."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from typing_extensions import override

from parallel_agents.core.agent import Agent
from parallel_agents.core.owner import Role
from parallel_agents.core.row import Row
from parallel_agents.core.run import RunStatus
from parallel_agents.core.store import Filter
from parallel_agents.core.task import Task
from parallel_agents.engines.quiet import wait_quiet
from parallel_agents.stores.memory import MemoryStore
from parallel_agents.testing import RepliesWith, open_rig

WRITER = Agent(name="writer", description="Writes", instructions="Write.")


class SlowFirstLook(MemoryStore):
    """A store whose first answer about orphans comes after ten seconds, as on a machine that is very busy."""

    is_slow = True

    @override
    async def rows(self, chosen: Filter) -> list[Row]:
        if chosen.orphaned and self.is_slow:
            self.is_slow = False
            await asyncio.sleep(10)
        return await super().rows(chosen)


async def statuses(store: MemoryStore) -> Sequence[RunStatus]:
    return [row.run.status for row in await store.rows(Filter())]


async def test_what_was_queued_is_done_before_it_is_quiet_though_the_engine_came_to_it_late() -> (
    None
):
    loop = asyncio.get_running_loop()
    store = SlowFirstLook(loop.time)
    model = RepliesWith(lambda _: "Done.", latency_seconds=5)
    async with open_rig(model, agents=[WRITER], store=store) as rig:
        handle = await rig.sessions.spawn(Task("writer", "Write."))
        row = await rig.service.find(handle.key)
        assert row.run.owner is not None
        await store.release(row.run.owner, [row.run.id])
    store.is_slow = True

    async with open_rig(model, agents=[WRITER], store=store, role=Role.WORKER) as rig:
        await wait_quiet(rig.engine, 3)

    assert await statuses(store) == [RunStatus.DONE]


async def test_an_engine_without_anything_to_do_is_quiet_after_that_time() -> None:
    loop = asyncio.get_running_loop()
    async with open_rig(RepliesWith(lambda _: "Done."), role=Role.WORKER) as rig:
        began = loop.time()
        await wait_quiet(rig.engine, 3)
        took = loop.time() - began

    assert took == 3
