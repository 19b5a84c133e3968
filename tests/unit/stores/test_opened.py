"""What is opened in a thread belongs to its caller, or is closed."""

from __future__ import annotations

import asyncio
import threading

import pytest

from parallel_agents.stores.opened import open_in_thread

pytestmark = pytest.mark.real_time


async def test_what_was_opened_is_returned_and_stays_open() -> None:
    closed: list[str] = []

    assert await open_in_thread(lambda: "file", closed.append) == "file"
    assert closed == []


@pytest.mark.parametrize(("fails", "left"), [(False, ["file"]), (True, [])])
async def test_a_cancelled_caller_is_cancelled_and_leaves_nothing_open(
    fails: bool, left: list[str]
) -> None:
    closed, begun, may_end = list[str](), threading.Event(), threading.Event()

    def make() -> str:
        begun.set()
        may_end.wait()
        if fails:
            raise OSError("there is no such file")
        return "file"

    opening = asyncio.create_task(open_in_thread(make, closed.append))
    await asyncio.to_thread(begun.wait)
    opening.cancel()
    await asyncio.sleep(0)
    may_end.set()
    with pytest.raises(asyncio.CancelledError):
        await opening

    assert closed == left
