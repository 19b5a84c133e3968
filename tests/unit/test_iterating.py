"""What work on a loop hands over arrives in order, and a caller that leaves ends the work."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from parallel_agents.iterating import iterate


async def count(stop: asyncio.Event, hand_over: Callable[[int], None]) -> None:
    for number in range(3):
        hand_over(number)
        await asyncio.sleep(0)


def test_items_arrive_in_order_and_end_with_the_work() -> None:
    assert list(iterate(count)) == [0, 1, 2]


def test_an_error_is_raised_after_the_items_before_it() -> None:
    async def fail(stop: asyncio.Event, hand_over: Callable[[int], None]) -> None:
        hand_over(1)
        raise ValueError("broken")

    items = iterate(fail)

    assert next(items) == 1
    with pytest.raises(ValueError, match="broken"):
        next(items)


def test_a_caller_that_leaves_tells_the_work_and_waits_for_its_end() -> None:
    ended: list[str] = []

    async def until_stopped(stop: asyncio.Event, hand_over: Callable[[int], None]) -> None:
        hand_over(1)
        await stop.wait()
        ended.append("stopped")

    for _ in iterate(until_stopped):
        break

    assert ended == ["stopped"]


def test_nothing_runs_before_the_first_item_is_asked_for() -> None:
    began: list[int] = []

    async def begin(stop: asyncio.Event, hand_over: Callable[[int], None]) -> None:
        began.append(1)

    iterate(begin).close()

    assert began == []
