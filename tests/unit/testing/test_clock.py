"""On virtual time waiting takes none, and waiting for ever is told instead of done."""

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


def test_timers_go_off_in_their_order() -> None:
    async def body() -> list[int]:
        heard: list[int] = []

        async def tell(seconds: int) -> None:
            await asyncio.sleep(seconds)
            heard.append(seconds)

        async with asyncio.TaskGroup() as group:
            for seconds in (30, 10, 20):
                group.create_task(tell(seconds))
        return heard

    assert run_virtual(body()) == [10, 20, 30]


def test_deadlines_are_met() -> None:
    async def body() -> float:
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(60):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == 60


def test_waiting_for_what_can_not_happen_is_an_error_that_says_who_waits_where() -> None:
    async def hope() -> None:
        await asyncio.Event().wait()

    async def body() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(hope(), name="the hopeful")

    with pytest.raises(Deadlock) as caught:
        run_virtual(body())

    assert "the hopeful in Event.wait" in str(caught.value)
    assert "TaskGroup.__aexit__" in str(caught.value)


def test_a_heartbeat_does_not_keep_a_deadlock_going() -> None:
    async def body() -> None:
        for beats in count():
            await asyncio.sleep(2)
            assert beats < 30

    with pytest.raises(Deadlock, match="after 62 s"):
        run_virtual(body(), limit_seconds=60)


def test_time_stands_still_while_a_thread_works() -> None:
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


def test_what_the_work_raises_is_raised() -> None:
    async def body() -> None:
        await asyncio.sleep(1)
        raise LookupError("nothing there")

    with pytest.raises(LookupError, match="nothing there"):
        run_virtual(body())
