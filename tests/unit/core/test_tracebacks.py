"""An error of ours ends below the line of the caller, whatever lies between."""

from __future__ import annotations

import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, cast

import pytest

import parallel_agents as pa
from parallel_agents.core.arguments import checked
from parallel_agents.core.async_use import Followed
from parallel_agents.core.run import Answered, Failure, Typed
from parallel_agents.core.session import SessionOptions
from parallel_agents.errors import InvalidInput, NoOutput
from parallel_agents.sessions.handle import SessionHandle


def frames(error: BaseException) -> list[str]:
    """The functions that a traceback shows."""
    return [each.name for each in traceback.extract_tb(error.__traceback__)]


@checked
async def never() -> None:
    pass


MISUSED: Any = never()
MISUSED.close()
OPENING: Any = pa.open()
MISSING: Answered[str] = Answered(
    output_json=None, _typed=Typed[str](missing=Failure.of(NoOutput("nothing")))
)


@checked
def call(function: Callable[[], object]) -> object:
    return function()


@checked
async def acall(function: Callable[[], object]) -> object:
    return function()


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: pa.run("Tea"),  # pyright: ignore[reportArgumentType] - it is wrong
        lambda: pa.Task("writer", 5),  # pyright: ignore[reportArgumentType] - it is wrong
        lambda: pa.Task("writer"),  # pyright: ignore[reportCallIssue] - it is wrong
        lambda: pa.map("writer", [5]),  # pyright: ignore[reportArgumentType] - it is wrong
        lambda: pa.load_plan("/nowhere/plan.yaml"),
        lambda: MISUSED.wait("x"),
        lambda: MISUSED[0],
        lambda: OPENING.spawn("writer", "Tea"),
        lambda: MISSING.output,
    ],
)
def test_a_traceback_ends_at_the_line_that_made_the_call(wrong: Callable[[], object]) -> None:
    with pytest.raises(pa.PagentsError) as refused:
        wrong()

    assert frames(refused.value) == [
        "test_a_traceback_ends_at_the_line_that_made_the_call",
        "<lambda>",
    ]
    assert refused.value.__cause__ is None


async def send_a_number() -> None:
    await SessionHandle.send(object(), 5)  # pyright: ignore[reportArgumentType] - it is wrong


async def open_wrongly() -> None:
    async with pa.open(settings={"nosuch": 1}):
        pass


async def follow() -> None:
    async def events() -> AsyncIterator[object]:
        yield SessionOptions(mode="nosuch")  # pyright: ignore[reportArgumentType] - it is wrong

    async for _ in Followed(events(), "follow()"):
        pass


@pytest.mark.parametrize("wrong", [send_a_number, open_wrongly, follow])
async def test_async_calls_blocks_and_loops_end_at_their_line_too(
    wrong: Callable[[], Awaitable[None]],
) -> None:
    with pytest.raises(pa.PagentsError) as refused:
        await wrong()

    shown = frames(refused.value)
    assert shown[1:2] == [wrong.__name__]
    assert shown[2:] == (["events"] if wrong is follow else [])


def test_a_callers_own_functions_stay_between_and_so_does_a_cause_in_them() -> None:
    def caused() -> None:
        try:
            int("theirs")
        except ValueError as error:
            raise InvalidInput("no") from error

    with pytest.raises(InvalidInput) as refused:
        call(lambda: call(caused))

    assert frames(refused.value)[1:] == ["call", "<lambda>", "call", "caused"]
    assert isinstance(cause := refused.value.__cause__, ValueError)
    assert frames(cause) == ["caused"]


@pytest.mark.parametrize("module", ["queue", "profile", "mine"])
def test_a_cause_in_a_program_stays_whatever_its_module_is_called(module: str) -> None:
    space: dict[str, object] = {"__name__": module}
    exec(compile("def caused():\n    raise KeyError('theirs')", "theirs.py", "exec"), space)
    caused = cast("Callable[[], object]", space["caused"])

    @checked
    def refuse() -> None:
        try:
            caused()
        except KeyError as error:
            raise InvalidInput("no") from error

    with pytest.raises(InvalidInput) as refused:
        refuse()

    assert isinstance(cause := refused.value.__cause__, KeyError)
    assert frames(cause)[-1] == "caused"


async def test_an_error_that_is_no_refusal_keeps_its_frames() -> None:
    def broken() -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError) as raised:
        await acall(broken)

    assert frames(raised.value)[1:] == ["work", "acall", "broken"]
