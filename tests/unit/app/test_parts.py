"""A name that a program passes in stands for one thing."""

from __future__ import annotations

import operator
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial

import pytest

from parallel_agents.app.parts import by_name, gates_by_name, tools_by_name
from parallel_agents.errors import InvalidInput


def search() -> str:
    return "one"


def other() -> str:
    return "another"


other.__name__ = "search"


def test_two_tools_of_one_name_are_refused() -> None:
    with pytest.raises(InvalidInput, match="two tools are named search") as caught:
        tools_by_name([search, other])

    assert caught.value.hint == "rename one of them"


def test_the_same_tool_twice_is_one() -> None:
    assert list(tools_by_name([search, search])) == ["search"]


@pytest.mark.parametrize("name", ["sessions_spawn", "final_answer"])
def test_a_tool_with_a_name_of_the_runtimes_own_is_refused(name: str) -> None:
    def mine() -> str:
        return ""

    mine.__name__ = name
    with pytest.raises(InvalidInput, match=name):
        tools_by_name([mine])


def test_two_things_of_one_name_are_refused_by_what_they_are() -> None:
    with pytest.raises(InvalidInput, match="two gates are named short"):
        by_name("gates", [("short", len), ("short", sum)])


def without_argument() -> bool:
    return True


def of_two(answer: object, other: object) -> bool:
    return answer == other


def by_name_only(*, answer: object) -> bool:
    return bool(answer)


def generates(answer: object) -> Iterator[object]:
    yield answer


async def generates_later(answer: object) -> AsyncIterator[object]:
    yield answer


class Checks:
    def __call__(self, answer: object) -> bool:
        return bool(answer)


class Generates:
    def __call__(self, answer: object) -> Iterator[object]:
        yield answer


async def later(answer: object, *, strict: bool = False) -> bool:
    return bool(answer) or strict


@pytest.mark.parametrize(
    ("function", "why"),
    [
        (without_argument, "too many positional arguments; its parameters are ()"),
        (of_two, "missing a required argument: 'other'"),
        (by_name_only, "too many positional arguments"),
        (partial(of_two, 1, 2), "too many positional arguments"),
        (generates, "it is a generator"),
        (generates_later, "it is a generator"),
        (partial(generates), "it is a generator"),
        (Generates(), "it is a generator"),
        (Checks, "it is a class"),
        (bool, "it is a class"),
    ],
)
def test_a_function_that_can_check_no_answer_is_refused(
    function: Callable[..., object], why: str
) -> None:
    with pytest.raises(InvalidInput, match="cannot be a gate") as caught:
        gates_by_name([function])
    assert why in caught.value.why


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (later, "later"),
        (partial(of_two, 1), "partial"),
        (Checks(), "Checks"),
        (Checks().__call__, "__call__"),
        (len, "len"),
        (max, "max"),
        (operator.itemgetter("done"), "itemgetter"),
    ],
)
def test_a_function_that_takes_an_answer_is_a_gate(
    function: Callable[..., object], name: str
) -> None:
    assert gates_by_name([function]) == {name: function}
