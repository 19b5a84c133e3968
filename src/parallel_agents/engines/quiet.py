"""Quiet: when an engine has had nothing to run for some time, and finds nothing that it could take over."""

from __future__ import annotations

import asyncio

from parallel_agents.engines.local import LocalEngine


async def wait_quiet(engine: LocalEngine, seconds: float) -> None:
    """Return once it has been quiet for that long.

    It looks once more before: on a machine that is very busy, its heartbeats may not have come to a run
    that was queued long ago, and who leaves takes what is left for what it lacks something for.
    """
    while True:
        await engine.wait_idle()
        try:
            async with asyncio.timeout(seconds):
                await engine.wait_busy()
        except TimeoutError:
            await engine.adopt_orphans()
            if engine.is_idle:
                return
