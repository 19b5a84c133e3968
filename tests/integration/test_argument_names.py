"""An argument of the Python face that does not exist, or is missing, is named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

import parallel_agents as pa
from parallel_agents.errors import InvalidInput

WRITER = pa.Agent(name="writer", description="Writes", instructions="Write.")
TASK = pa.Task("writer", "Go.")
UNTYPED: Any = pa  # as a caller without a type checker sees it


async def count(flow: pa.Flow, words: int) -> int:
    return words


@pytest.mark.parametrize(
    ("call", "message", "hint"),
    [
        (
            lambda: UNTYPED.run([TASK], timeot=3),
            "run() takes no argument timeot",
            "did you mean 'timeout'?",
        ),
        (
            lambda: UNTYPED.run_flow(count, words=3, timeot=3),
            "the flow count does not take this input",
            "did you mean 'timeout'? it takes words",
        ),
        (
            lambda: UNTYPED.run_flow(count, word=3, timeout=3),
            "the flow count does not take this input",
            "did you mean 'words'?",
        ),
        (
            lambda: UNTYPED.run_flow(count),
            "the flow count needs words",
            "it takes words",
        ),
        (UNTYPED.run, "run() needs tasks", "pass tasks"),
        (
            lambda: UNTYPED.run([TASK], "monday"),
            "run() got 1 more",
            "an agent and its text are one value: ",
        ),
        (
            lambda: UNTYPED.run([TASK], tasks=[TASK]),
            "run() got tasks twice",
            "pass it by its position",
        ),
        (
            lambda: UNTYPED.open(modle="a/b"),
            "open() takes no argument modle",
            "did you mean 'model'?",
        ),
        (
            lambda: UNTYPED.Task("writer", "Go.", modle="a/b"),
            "Task takes no",
            "did you mean 'model'?",
        ),
        (lambda: UNTYPED.Task("writer"), "Task needs text", "pass text"),
        (lambda: replace(WRITER, name="W W"), "name of Agent is 'W W'", "choose another name"),
        (lambda: replace(TASK, model=""), "model is ''", ""),
        (lambda: replace(TASK, key=" "), "key is ' '", ""),
        (lambda: UNTYPED.Budget(5), "Budget got 1 more", "pass it by its name, such as usd=..."),
        (
            lambda: UNTYPED.tool(efect="pure"),
            "tool() takes no argument efect",
            "did you mean 'effect'?",
        ),
    ],
)
def test_an_argument_that_does_not_exist_or_is_missing_is_named(
    call: Callable[[], object], message: str, hint: str
) -> None:
    with pytest.raises(InvalidInput) as refused:
        call()

    assert refused.value.message.startswith(message)
    assert refused.value.hint.startswith(hint)
