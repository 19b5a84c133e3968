"""What an engine looks after is called again and again, and nothing of it waits for the rest."""

from __future__ import annotations

import asyncio

from parallel_agents.engines.sweeping import Sweeping
from parallel_agents.errors import StoreError


async def test_a_sweep_that_hangs_holds_up_no_other_and_is_not_called_twice() -> None:
    calls: list[str] = []

    async def hangs() -> None:
        calls.append("hangs")
        await asyncio.Event().wait()

    async def looks() -> None:
        calls.append("looks")

    def fail(error: StoreError) -> None:
        raise error

    sweeping = Sweeping((hangs, looks))
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            sweeping.begin(group, fail)
            await asyncio.sleep(1)
        sweeping.cancel()

    assert calls == ["hangs", "looks", "looks"]
