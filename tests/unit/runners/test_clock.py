"""The clock of a run: what counts as its time, and how long it may wait for others."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from parallel_agents.runners.clock import MOST_PARKED_SECONDS, Clock
from parallel_agents.testing import run_virtual
from tests.unit.runners.agent.parts import OwnSlot


def ended_after(work: str, left: float | None) -> float:
    """When a clock ended a block that parks or rests and then waits for ever."""

    async def wait() -> float:
        loop = asyncio.get_running_loop()
        clock = Clock(OwnSlot(), left)
        with suppress(TimeoutError):
            async with clock:
                await asyncio.sleep(10)
                if "park" in work:
                    clock.park()
                    await asyncio.sleep(100)
                if "rest" in work:
                    clock.rest()
                if "resume" in work:
                    await clock.resume()
                await asyncio.Event().wait()
        assert clock.has_run_out
        return loop.time()

    return run_virtual(wait(), limit_seconds=10 * MOST_PARKED_SECONDS)


def test_a_run_without_a_limit_that_waits_for_others_has_one_all_the_same() -> None:
    assert ended_after("park", None) == 10 + MOST_PARKED_SECONDS


def test_time_that_is_waited_for_others_is_not_the_run_s() -> None:
    assert ended_after("park, resume", 60) == 160


def test_time_that_is_waited_for_a_message_is_the_run_s() -> None:
    assert ended_after("rest", 60) == 60


def test_a_wait_for_others_and_then_for_a_message_counts_the_second() -> None:
    assert ended_after("park, rest", 60) == 160
