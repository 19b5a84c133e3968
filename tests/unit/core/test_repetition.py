"""A model that makes the same calls turn after turn is noticed."""

from __future__ import annotations

import pytest

from parallel_agents.core.message import Message, Role, Text, ToolCall, ToolResult
from parallel_agents.core.repetition import MOST, advice, is_stuck, times_in_a_row


def turn(*commands: str) -> list[Message]:
    """A reply with these calls, and their results."""
    calls = tuple(ToolCall(f"c{n}", "shell", {"command": x}) for n, x in enumerate(commands))
    results = tuple(ToolResult(call.id, call.name, "same") for call in calls)
    return [Message(Role.ASSISTANT, calls), Message(Role.TOOL, results)]


TASK = Message(Role.USER, (Text("Go."),))
SAID = Message(Role.ASSISTANT, (Text("Hm."),))


@pytest.mark.parametrize(
    ("messages", "count"),
    [
        ([TASK], 0),
        ([TASK, SAID], 0),
        ([TASK, *turn("a")], 1),
        ([TASK, *turn("a"), *turn("a")[:1]], 2),
        ([TASK, *turn("a"), *turn("b"), *turn("a")], 1),
        ([TASK, *turn("a", "b"), *turn("a", "b"), *turn("a", "b")], 3),
        ([TASK, *turn("a", "b"), *turn("a")], 1),
        ([TASK, *turn("a"), TASK, *turn("a")], 1),
        ([TASK, *turn("a"), SAID, *turn("a")], 1),
    ],
)
def test_the_same_calls_in_a_row_are_counted(messages: list[Message], count: int) -> None:
    assert times_in_a_row(messages) == count


@pytest.mark.parametrize(("count", "is_told"), [(0, False), (2, False), (3, True), (9, True)])
def test_it_is_told_from_the_third_time_on(count: int, is_told: bool) -> None:
    assert bool(advice(count)) is is_told


def in_a_row(times: int, *, result: str = "same", told: bool = True) -> list[Message]:
    """A task and these many replies with one call; `{}` in the result is the number of the reply."""
    messages = [TASK]
    for number in range(1, times + 1):
        reply, _ = turn("a")
        content = result.format(number)
        if told and (words := advice(number)):
            content = f"{content}\n{words}"
        call = ToolResult("c0", "shell", content)
        messages += [reply, Message(Role.TOOL, (call,))]
    return messages


def test_a_model_that_makes_the_same_call_despite_the_advice_is_stuck() -> None:
    assert not is_stuck(in_a_row(MOST - 1))
    assert is_stuck(in_a_row(MOST))
    assert is_stuck(in_a_row(MOST + 1))


def test_a_call_whose_result_changes_may_be_made_as_often_as_it_takes() -> None:
    assert not is_stuck(in_a_row(30, result="{} of 100 done"))


@pytest.mark.parametrize("result", ["[exit code 1, 0.{} s]", "2 failed in {}.03s", "took {}ms"])
def test_how_long_a_call_took_is_no_news(result: str) -> None:
    assert is_stuck(in_a_row(MOST, result=result))


def test_a_call_that_gets_no_advice_may_be_made_as_often_as_it_takes() -> None:
    assert not is_stuck(in_a_row(30, told=False))


def test_a_message_to_the_model_is_something_new() -> None:
    assert not is_stuck([*in_a_row(MOST), TASK])
