"""Whatever code of others raises ends its call at most; a cancellation from outside passes."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Coroutine

import pytest

from parallel_agents.containment.calls import Raised, contained, describe, tell
from parallel_agents.testing import run_virtual

ENDS_MORE_THAN_A_CALL = [
    asyncio.CancelledError(),
    GeneratorExit(),
    KeyboardInterrupt(),
    StopAsyncIteration(),
    StopIteration(),
    SystemExit(2),
    BaseExceptionGroup("several", [KeyboardInterrupt()]),
]


async def raise_error(error: BaseException) -> None:
    await asyncio.sleep(0)
    raise error


class Unprintable(Exception):
    def __str__(self) -> str:  # pyright: ignore[reportImplicitOverride]
        raise SystemExit


async def test_what_it_returns_is_returned() -> None:
    async def work() -> str:
        await asyncio.sleep(1)
        return "done"

    assert await contained(work(), "work") == "done"


@pytest.mark.parametrize("error", ENDS_MORE_THAN_A_CALL, ids=repr)
async def test_what_would_end_more_than_a_call_ends_the_call(error: BaseException) -> None:
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any that is an Exception
        await contained(raise_error(error), "work")

    assert type(error).__name__ in describe(caught.value)


async def test_an_exception_passes_as_it_is() -> None:
    with pytest.raises(ZeroDivisionError):
        await contained(raise_error(ZeroDivisionError()), "work")


async def test_a_task_that_someone_else_cancelled_is_a_failure() -> None:
    async def work() -> None:
        task = asyncio.create_task(asyncio.sleep(5))
        task.cancel()
        await task

    with pytest.raises(Raised, match="CancelledError"):
        await contained(work(), "work")


async def test_a_cancellation_of_the_caller_passes_after_the_work_has_cleaned_up() -> None:
    seen: list[str] = []

    async def work() -> None:
        try:
            await asyncio.sleep(100)
        finally:
            await asyncio.sleep(1)
            seen.append("cleaned up")

    task = asyncio.create_task(contained(work(), "work"))
    await asyncio.sleep(1)
    task.cancel()
    await asyncio.wait((task,))

    assert task.cancelled()
    assert seen == ["cleaned up"]


async def test_a_time_limit_passes() -> None:
    with pytest.raises(TimeoutError):
        async with asyncio.timeout(3):
            await contained(asyncio.sleep(100), "work")


async def deaf() -> None:
    while True:
        try:
            await asyncio.sleep(1)
        except asyncio.CancelledError:
            continue


def test_work_that_ignores_its_cancellation_is_closed(caplog: pytest.LogCaptureFixture) -> None:
    async def body() -> float:
        task = asyncio.create_task(contained(deaf(), "deaf"))
        await asyncio.sleep(1)
        task.cancel()
        await asyncio.wait((task,))
        return asyncio.get_running_loop().time()

    assert run_virtual(body()) == 6.0
    assert "deaf ignored its cancellation and was closed" in caplog.text


def ctrl_c_in(work: Coroutine[None, None, None]) -> None:
    loop = asyncio.new_event_loop()
    try:
        loop.run_until_complete(contained(work, "work"))
    finally:
        loop.close()


def test_a_ctrl_c_that_python_itself_raises_in_the_work_passes() -> None:
    async def work() -> None:
        signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        ctrl_c_in(work())


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ValueError("no"), "ValueError: no"),
        (SystemExit(), "SystemExit"),
        (
            ValueError(
                "it is not a number\n    For further information visit https://errors.pydantic.dev/2.13/v/int_type"
            ),
            "ValueError: it is not a number",
        ),
        (ValueError("caf\udce9"), "ValueError: caf\ufffd"),
        (
            Unprintable(),
            "Unprintable, whose message cannot be made: its __str__ raised SystemExit",
        ),
        (
            ExceptionGroup("many", [KeyError("a")]),
            "ExceptionGroup: many (1 sub-exception); the first is KeyError: 'a'",
        ),
    ],
)
def test_an_error_is_described(error: BaseException, text: str) -> None:
    assert describe(error) == text


def test_a_description_is_bounded() -> None:
    assert len(describe(ValueError("x" * 1_000_000))) < 4100


def test_a_callback_that_raises_is_told_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    def broken(piece: str) -> None:
        raise SystemExit(piece)

    assert not tell(broken, "text")
    assert "broken is not called again: SystemExit: text" in caplog.text


def test_a_callback_that_returns_a_coroutine_is_told_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def later(piece: str) -> None:
        raise AssertionError(piece)

    assert not tell(later, "text")
    assert "is not called again: it returned a coroutine, which nobody awaits" in caplog.text


def test_a_callback_that_returns_is_called_again() -> None:
    assert tell(print, "")
