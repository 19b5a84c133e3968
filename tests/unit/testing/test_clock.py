"""On virtual time waiting is instant, and waiting forever is reported."""

from __future__ import annotations

import asyncio
import re
import threading
from collections.abc import AsyncGenerator, Generator
from itertools import count
from typing import Any

import pytest

from parallel_agents.core.task import Task
from parallel_agents.testing import Deadlock, RepliesWith, open_rig, run_virtual


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
    class Hope:
        def __await__(self) -> Generator[Any, None, bool]:
            return asyncio.Event().wait().__await__()

    async def hopes() -> AsyncGenerator[bool]:
        yield await Hope()

    async def hope() -> None:
        async for _ in hopes():
            pass

    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(hope(), name="the hopeful")

    with pytest.raises(Deadlock) as caught:
        run_virtual(body())

    name = "test_a_deadlock_is_an_error_that_lists_the_tasks_and_where_they_wait.<locals>"
    assert f"the hopeful in {name}.hopes ({__file__}:" in str(caught.value)
    assert "), at Event.wait" in str(caught.value)
    assert f"in {name}.body ({__file__}:" in str(caught.value)
    assert "), at TaskGroup.__aexit__" in str(caught.value)


def test_a_task_that_waits_in_the_package_is_shown_by_the_line_of_the_test() -> None:
    async def body() -> None:
        model = RepliesWith(lambda _: "done", latency_seconds=120)
        async with open_rig(model, agents=[]) as rig:
            handle = await rig.sessions.spawn(Task("main", "Go."))
            await handle.wait()

    with pytest.raises(Deadlock) as caught:
        run_virtual(body(), limit_seconds=60)

    assert re.search(
        rf" in \S+body \({re.escape(__file__)}:\d+\), at Completions.wait\n", str(caught.value)
    )


def test_a_heartbeat_does_not_hide_a_deadlock() -> None:
    async def body() -> None:
        for ticks in count():
            await asyncio.sleep(2)
            assert ticks < 30

    with pytest.raises(Deadlock, match="after 62 s, and limit_seconds is 60:"):
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
