"""An argument by the name that it has elsewhere is refused with its name here, and a part of a value with its place."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

import parallel_agents as pa
from parallel_agents.core.argument_words import OTHER_WORDS
from parallel_agents.core.checked import Checked

UNTYPED: Any = pa
TAKERS = (
    pa.Agent,
    pa.Task,
    pa.Limits,
    pa.Budget,
    pa.run,
    pa.open,
    pa.OpenSessions.spawn,
    pa.OpenSessions.send,
)
CHECKED = [
    name
    for name in pa.__all__
    if inspect.isfunction(made := getattr(pa, name))
    or (isinstance(made, type) and issubclass(made, Checked))
]


@pytest.mark.parametrize("word", OTHER_WORDS)
def test_each_word_of_others_leads_to_an_argument_that_there_is(word: str) -> None:
    taken = {name for each in TAKERS for name in inspect.signature(each).parameters}
    assert OTHER_WORDS[word]
    assert {*OTHER_WORDS[word]} <= taken


@pytest.mark.parametrize(
    ("call", "hint"),
    [
        (lambda: UNTYPED.Agent("a", system_prompt="Do"), "it is called instructions here"),
        (lambda: UNTYPED.Agent("a", output_type=str), "it is called output here"),
        (lambda: UNTYPED.Agent("a", retries=2), "it is part of limits=Limits(attempts=...)"),
        (lambda: UNTYPED.Agent("a", usd=2), "it is part of budget=Budget(usd=...)"),
        (lambda: UNTYPED.Task("a", "b", name="c"), "it is called label here"),
        (lambda: UNTYPED.TeamTask(tasks=(), key="c"), "it is an argument of `spawn_team`: "),
        (lambda: UNTYPED.Task("a", prompt="b"), "it is called text here"),
        (
            lambda: UNTYPED.Task("a", "b", temperature=1),
            "it is part of agent=Agent(..., temperature=...)",
        ),
        (lambda: UNTYPED.Task("a", "b", notthere=1), "use one of: agent, "),
        (lambda: UNTYPED.run([], max_workers=2), "it is called max_parallel here"),
        (lambda: UNTYPED.run([], max_retries=2), "it is part of tasks=[Task(..., limits="),
        (
            lambda: UNTYPED.run([], thinking="low"),
            "it is part of agents=[Agent(..., thinking=...)]",
        ),
        (lambda: UNTYPED.run(pa.Task("a", "b"), "c"), "an agent and its text are one value: "),
        (lambda: UNTYPED.run(pa.Task("a", "b"), pa.Task("a", "c")), "pass the tasks as one list"),
        (lambda: UNTYPED.run_flow(print, {"a": 1}), "pass it by its name, such as input=..."),
        (lambda: UNTYPED.open("a", "b"), "pass the others by their names, such as model=..., "),
    ],
)
def test_the_hint_says_how_it_is_written(call: Callable[[], object], hint: str) -> None:
    with pytest.raises(pa.PagentsError) as caught:
        call()
    assert caught.value.hint.startswith(hint)
    assert "_output_type" not in caught.value.hint


@pytest.mark.parametrize("name", CHECKED)
async def test_whatever_is_public_says_what_it_takes(name: str) -> None:
    with pytest.raises(pa.PagentsError, match=r"takes no argument not_taken|needs") as caught:
        await getattr(pa, name)(not_taken=2)
    assert caught.value.hint


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("Handle", "did you mean SessionHandle?"),
        ("flow", "did you mean Flow or FlowChanged or "),
        ("Agnet", "did you mean Agent?"),
        ("qqqq", "`pagents docs python` shows what there is"),
    ],
)
def test_a_name_that_the_package_lacks_is_refused_with_those_like_it(name: str, meant: str) -> None:
    with pytest.raises(AttributeError, match="has no attribute") as caught:
        getattr(pa, name)
    assert meant in str(caught.value)
