"""A gather that was cancelled, and that nobody awaits, is reported to nobody; a program keeps its own handler."""

from __future__ import annotations

import asyncio
import gc
from typing import Any

import pytest

from parallel_agents.flows.cancelled_gathers import left_out

FAILED = ["_GatheringFuture exception was never retrieved"]


class Reported:
    """A program's handler, and what it was told."""

    def __init__(self) -> None:
        self.messages: list[str] = []

    def __call__(self, _: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        self.messages.append(context["message"])


def handle(handler: Reported | None) -> None:
    asyncio.get_running_loop().set_exception_handler(handler)


def handler() -> object:
    return asyncio.get_running_loop().get_exception_handler()


async def leave(error: BaseException) -> None:
    """Have a gather end in this error, which nobody awaits."""

    async def fail() -> None:
        raise error

    works = [asyncio.create_task(fail()) for _ in range(2)]
    left = asyncio.gather(*works)
    await asyncio.wait(works)
    await asyncio.wait({left})
    del left
    gc.collect(1)  # of young objects, since all of them take a second


@pytest.mark.parametrize(
    ("error", "told"), [(asyncio.CancelledError(), []), (ValueError("x"), FAILED)]
)
async def test_a_gather_is_reported_once_unless_it_was_cancelled(
    error: BaseException, told: list[str]
) -> None:
    handle(reported := Reported())

    with left_out(), left_out():
        await leave(error)

    assert reported.messages == told


@pytest.mark.parametrize("own", [Reported(), None])
async def test_the_last_of_several_blocks_puts_the_handler_back(own: Reported | None) -> None:
    handle(own)
    first, second = left_out(), left_out()

    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    await leave(asyncio.CancelledError())
    assert handler() is not own
    second.__exit__(None, None, None)

    assert handler() is own
    assert own is None or own.messages == []


async def test_a_handler_that_was_set_in_a_block_stays() -> None:
    handle(Reported())
    with left_out():
        handle(later := Reported())
        with left_out():
            await leave(asyncio.CancelledError())
            await leave(ValueError("x"))
        assert handler() is later

    assert handler() is later
    assert later.messages == FAILED


async def test_another_loop_is_left_alone() -> None:
    async def other() -> object:
        return handler()

    with left_out():
        assert await asyncio.to_thread(asyncio.run, other()) is None
