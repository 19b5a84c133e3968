"""A gather that was cancelled, and that nobody awaits, is reported to nobody."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

from parallel_agents.flows.cancelled_gathers import leave_out


async def reported(error: BaseException) -> list[str]:
    """What a loop reports of a gather whose works end in this error, which nobody awaits."""
    loop = asyncio.get_running_loop()
    told: list[str] = []

    def tell(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        told.append(context["message"])

    async def fail() -> None:
        raise error

    loop.set_exception_handler(tell)
    leave_out(loop)
    leave_out(loop)
    works = [asyncio.create_task(fail()) for _ in range(2)]
    left = asyncio.gather(*works)
    await asyncio.wait(works)
    await asyncio.wait({left})
    del left
    gc.collect()
    return told


async def test_a_cancelled_gather_is_reported_to_nobody() -> None:
    assert await reported(asyncio.CancelledError()) == []


async def test_a_gather_that_failed_is_reported_once_as_before() -> None:
    assert await reported(ValueError("x")) == ["_GatheringFuture exception was never retrieved"]
