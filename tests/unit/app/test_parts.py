"""A name that a program passes in stands for one thing."""

from __future__ import annotations

import pytest

from parallel_agents.app.parts import by_name, tools_by_name
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
