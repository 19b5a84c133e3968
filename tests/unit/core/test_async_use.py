"""A program that forgets an `await`, `async with` or `async for` is told what to write."""

from __future__ import annotations

import asyncio
import inspect
import linecache
import sys
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import aclosing, closing
from pathlib import Path
from typing import Any

import pytest

import parallel_agents as pa
from parallel_agents.core.arguments import checked
from parallel_agents.core.async_use import Followed
from parallel_agents.core.converted import GivenJson
from parallel_agents.errors import AsyncMisused, InvalidInput


@checked
async def double(number: int) -> int:
    await asyncio.sleep(0)
    return 2 * number


async def _numbers() -> AsyncIterator[int]:
    yield 1
    yield 2


@checked
async def kept(value: GivenJson) -> GivenJson:
    await asyncio.sleep(0)
    return value


async def test_a_call_has_the_values_that_it_was_made_with() -> None:
    rows = [[1]]

    call = kept(rows)
    rows[0].append(2)

    assert await call == [[1]]


async def test_a_wrong_argument_is_refused_where_the_call_is_awaited() -> None:
    call = double("x")  # pyright: ignore[reportArgumentType] - what is tested

    with pytest.raises(InvalidInput, match=r"number of double\(\) is 'x'"):
        await call


def _enter(opened: Any) -> None:
    with opened:
        pass


def _ask(opened: Any) -> None:
    opened.spawn("writer")


def _index(opened: Any) -> None:
    opened[0]


@pytest.mark.parametrize("use", [_ask, _enter, _index, list, len])
def test_a_call_that_was_not_awaited_says_so(use: Callable[[Any], object]) -> None:
    with (
        closing(double(1)) as call,
        pytest.raises(AsyncMisused, match=r"double\(\) was not awaited") as refused,
    ):
        use(call)

    assert refused.value.hint == "write `await` before the call of double()"
    assert isinstance(refused.value, TypeError | AttributeError)


def test_a_call_that_nobody_awaits_warns_with_its_line() -> None:
    with pytest.warns(
        RuntimeWarning, match=r"double\(\) was not awaited, and did nothing"
    ) as warned:
        double(1)  # pyright: ignore[reportUnusedCoroutine] - it is wrong

    assert Path(warned[0].filename).name == Path(__file__).name
    assert "double(1)" in linecache.getline(warned[0].filename, warned[0].lineno)


@pytest.mark.parametrize("use", [_ask, _enter])
def test_an_opening_that_was_not_entered_says_so(use: Callable[[Any], object]) -> None:
    with pytest.raises(AsyncMisused, match=r"open\(\) is for `async with`"):
        use(pa.open())
    with pytest.raises(AsyncMisused, match=r"connect\(\) is for `async with`"):
        use(pa.connect("https://box:7333"))


async def test_an_opening_cannot_be_awaited() -> None:
    opened: Any = pa.open()
    with pytest.raises(AsyncMisused, match=r"open\(\) is for `async with`"):
        await opened


async def test_events_that_come_are_not_for_a_loop_that_is_not_async() -> None:
    followed: Any = Followed(_numbers(), "follow()")
    with pytest.raises(AsyncMisused, match="is for `async for`"):
        list(followed)
    with pytest.raises(AsyncMisused, match="is for `async for`"):
        await followed

    async with aclosing(followed):
        assert [number async for number in followed] == [1, 2]


async def _await_run(api: Any, home: Path) -> None:
    await api.run(pa.Task("poet", "Tea"), home=home)


async def _await_compare(api: Any, home: Path) -> None:
    await api.compare("monday", "tuesday", home=home)


async def _await_stream(api: Any, home: Path) -> None:
    await api.stream(pa.Task("poet", "Tea"), home=home)


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (_await_run, "write `await pa.arun(...)`"),
        (_await_compare, "write `await pa.acompare(...)`"),
        (_await_stream, "write `async for result in pa.stream(...)`"),
    ],
)
def test_an_await_of_a_call_that_is_not_async_is_refused_before_anything_is_done(
    call: Callable[[Any, Path], Coroutine[Any, Any, None]], instead: str, tmp_path: Path
) -> None:
    with pytest.raises(AsyncMisused) as refused:
        asyncio.run(call(pa, tmp_path))

    assert refused.value.hint.startswith(instead)
    assert not list(tmp_path.iterdir())


async def test_an_awaited_call_is_a_coroutine_to_asyncio() -> None:
    tasks = [asyncio.create_task(double(1)), asyncio.ensure_future(double(2))]
    found = await asyncio.gather(*tasks, double(3), asyncio.wait_for(double(4), 1))

    assert found == [2, 4, 6, 8]
    assert not hasattr(tasks[0].get_coro(), "nothing")
    assert "double" in repr(asyncio.create_task(double(1)))
    if sys.version_info >= (3, 12):
        assert inspect.iscoroutinefunction(double)
    with pytest.raises(InvalidInput, match="number"):
        await double("two")  # pyright: ignore[reportArgumentType] - what it refuses


def test_an_awaited_call_can_be_run_by_itself() -> None:
    assert asyncio.run(double(4)) == 8
