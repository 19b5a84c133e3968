"""A conversation that is too long keeps its task, short messages and its last turn."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import given, strategies as st

from parallel_agents.core.cuts import LEFT_OUT, Cuts, Span
from parallel_agents.core.message import Message, Role, ToolCall, ToolResult, assistant, user
from parallel_agents.core.shortening import plan_cuts, size_of


def turn(number: int, result: str) -> list[Message]:
    """A call and its result."""
    name = str(number)
    return [
        Message(Role.ASSISTANT, (ToolCall(name, "look", {}),)),
        Message(Role.TOOL, (ToolResult(name, "look", result),)),
    ]


def texts(messages: Sequence[Message]) -> list[str]:
    return [
        message.text or "".join(p.content for p in message.parts if isinstance(p, ToolResult))
        for message in messages
    ]


def test_old_results_are_cut_before_anything_is_left_out() -> None:
    messages = [user("task"), *turn(1, "a" * 50_000), *turn(2, "b" * 5_000)]

    cuts = plan_cuts(messages, 1, 20_000)

    assert cuts is not None
    assert cuts.spans == ()
    first, second = cuts.applied(messages)[2::2]
    assert "[49,000 of 50,000 characters left out here]" in texts([first])[0]
    assert texts([second]) == ["b" * 5_000]


def test_turns_of_earlier_runs_are_left_out_before_those_of_this_one() -> None:
    earlier = [user("old task"), assistant("x" * 600), user("older task"), assistant("y" * 600)]
    messages = [*earlier, user("task"), *turn(1, "a"), *turn(2, "b")]

    cuts = plan_cuts(messages, 5, 700)

    assert cuts is not None
    assert cuts.spans == (Span(0, 2),)
    assert texts(cuts.applied(messages))[:3] == [LEFT_OUT, "older task", "y" * 600]


def test_the_task_what_was_said_since_and_the_last_turn_stay() -> None:
    old = [user("old"), assistant("x" * 9_000)]
    since = [*turn(1, "a" * 900), user("in English"), *turn(2, "b" * 900)]
    messages = [*old, user("task"), *since, *turn(3, "c" * 900)]

    cuts = plan_cuts(messages, 3, 1_000)

    assert cuts is not None
    assert texts(cuts.applied(messages)) == [
        LEFT_OUT,
        "task",
        LEFT_OUT,
        "in English",
        LEFT_OUT,
        "",
        "c" * 900,
    ]


def test_the_newest_results_are_cut_at_last() -> None:
    messages = [user("task"), *turn(1, "a" * 2_000_000)]

    cuts = plan_cuts(messages, 1, 10_000)

    assert cuts is not None
    assert size_of(cuts.applied(messages)) < 6_000


def test_a_conversation_that_cannot_be_shortened_stays_as_it_is() -> None:
    assert plan_cuts([user("task" * 10_000)], 1, 100) is None
    assert plan_cuts([user("task"), *turn(1, "a")], 1, 1) is None


def test_what_is_told_before_the_first_reply_stays() -> None:
    messages = [user("old"), assistant("x" * 9_000), user("task"), user("and " * 5_000)]

    cuts = plan_cuts(messages, 3, 1_000)

    assert cuts is not None
    assert texts(cuts.applied(messages)) == [LEFT_OUT, "task", "and " * 5_000]


def test_a_position_moves_with_what_is_left_out_before_it() -> None:
    cuts = Cuts(spans=(Span(0, 4), Span(6, 8)))

    assert [cuts.moved(position) for position in (0, 4, 6, 8, 9)] == [0, 1, 3, 4, 5]


@given(
    sizes=st.lists(st.integers(0, 3_000), min_size=1, max_size=30),
    task=st.integers(0, 29),
    most=st.integers(0, 20_000),
)
def test_whatever_is_left_out_calls_and_results_stay_together(
    sizes: list[int], task: int, most: int
) -> None:
    turns = [message for number, size in enumerate(sizes) for message in turn(number, "x" * size)]
    at = min(task, len(sizes)) * 2
    messages = [*turns[:at], user("task"), *turns[at:]]

    cuts = plan_cuts(messages, at + 1, most)

    left = messages if cuts is None else cuts.applied(messages)
    end = at + 1 if cuts is None else cuts.moved(at + 1)
    assert left[end - 1].text == "task"
    assert size_of(left) <= size_of(messages)
    for message, following in zip(left, [*left[1:], user("")], strict=True):
        assert bool(message.tool_calls) is (following.role is Role.TOOL)
