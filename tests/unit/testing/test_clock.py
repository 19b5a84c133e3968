"""On virtual time waiting is instant, and waiting forever is reported."""

from __future__ import annotations

import asyncio
import threading
from itertools import count

import pytest

from parallel_agents.testing import Deadlock, run_virtual


def test_waiting_takes_no_time_and_moves_the_clock() -> None:
    async def body() -> tuple[float, float, str]:
        loop = asyncio.get_running_loop()
        began = loop.time()
        await asyncio.sleep(1800)
        return began, loop.time(), "done"

    assert run_virtual(body()) == (0, 1800, "done")


def test_timers_fire_in_order() -> None:
    async def body() -> list[int]:
        fired: list[int] = []

        async def fire(seconds: int) -> None:
            await asyncio.sleep(seconds)
            fired.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (30, 10, 20):
                group.create_task(fire(seconds))
        return fired

    assert run_virtual(body()) == [10, 20, 30]


def test_deadlines_are_met() -> None:
    async def body() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == 60


def test_a_deadlock_is_an_error_that_lists_the_tasks_and_where_they_wait() -> None:
    async def hope() -> None:
        await asyncio.Event().wait()

    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(hope(), name="the hopeful")

    with pytest.raises(Deadlock) as caught:
        run_virtual(body())

    assert "the hopeful in Event.wait" in str(caught.value)
    assert "TaskGroup.__aexit__" in str(caught.value)


def test_a_heartbeat_does_not_hide_a_deadlock() -> None:
    async def body() -> None:
        for ticks in count():
            await asyncio.sleep(2)
            assert ticks < 30

    with pytest.raises(Deadlock, match="after 62 s"):
        run_virtual(body(), limit_seconds=60)


def test_the_clock_stops_while_a_thread_works() -> None:
    async def body() -> tuple[str, float]:
        loop = asyncio.get_running_loop()
        go_on = threading.Event()

        def work() -> str:
            go_on.wait()
            return "worked"

        timer = asyncio.create_task(asyncio.sleep(100))
        loop.call_soon(go_on.set)
        result = await asyncio.to_thread(work)
        worked_at = loop.time()
        await timer
        return result, worked_at

    assert run_virtual(body()) == ("worked", 0)


def test_an_exception_of_the_work_is_raised() -> None:
    async def body() -> None:
        await asyncio.sleep(1)
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        run_virtual(body())
