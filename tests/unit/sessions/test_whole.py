"""Work that is begun is finished, whoever leaves."""

from __future__ import annotations

import asyncio

import pytest

from parallel_agents.sessions.whole import whole


class Work:
    """A change that takes a second, and then a step of this process."""

    def __init__(self) -> None:
        self.steps: list[str] = []

    async def __call__(self) -> str:
        self.steps.append("change")
        await asyncio.sleep(1)
        self.steps.append("step")
        return "done"


async def test_work_that_nobody_cancels_is_done_once() -> None:
    work = Work()

    assert await whole(work) == "done"
    assert work.steps == ["change", "step"]


async def test_work_whose_caller_is_cancelled_is_done_again_to_its_end() -> None:
    work = Work()

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await whole(work)
    await asyncio.sleep(2)

    assert work.steps == ["change", "change", "step"]


async def test_an_error_of_work_whose_caller_has_left_is_nobodys() -> None:
    async def fail() -> None:
        await asyncio.sleep(1)
        raise ValueError

    with pytest.raises(TimeoutError):
        async with asyncio.timeout(0.5):
            await whole(fail)
    await asyncio.sleep(2)
