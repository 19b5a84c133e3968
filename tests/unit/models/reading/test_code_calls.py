"""Calls in Python are read if their arguments are literals with names."""

from __future__ import annotations

import pytest

from parallel_agents.models.reading.code_calls import read_python


@pytest.mark.parametrize(
    "text",
    [
        'look(city="Oslo", deep=True)',
        '[look(city="Oslo", deep=True)]',
        "print(look(city='Oslo', deep=true))",
        'look.call(city="Oslo", deep=true)',
    ],
)
def test_a_call_is_read(text: str) -> None:
    assert read_python(text) == (("look", {"city": "Oslo", "deep": True}),)


def test_the_literals_of_json_are_read_wherever_they_stand() -> None:
    assert read_python("look(a=[null, {'b': false}])") == (("look", {"a": [None, {"b": False}]}),)


@pytest.mark.parametrize("text", ['look("Oslo")', "look(city=oslo)"])
def test_arguments_that_are_no_literals_stay_text(text: str) -> None:
    assert isinstance(read_python(text)[0][1], str)


@pytest.mark.parametrize(
    "text", ["look", "x = look()", "look(", "1 + 1", "look(a=" + "[" * 50 + "]" * 50 + ")"]
)
def test_other_code_is_no_call(text: str) -> None:
    assert read_python(text) == ()
