"""Examples of an agent fit its schemas, or are refused when the agent is made."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from pydantic import BaseModel

from parallel_agents.core.agent import Agent
from parallel_agents.core.case import digest_of
from parallel_agents.core.example import MOST_EXAMPLES, Example, shown_examples
from parallel_agents.core.schema import JsonObject
from parallel_agents.core.with_workspace import WithWorkspace
from parallel_agents.errors import InvalidInput

KIND = {
    "type": "object",
    "properties": {"kind": {"enum": ["bug", "question"]}},
    "required": ["kind"],
    "additionalProperties": False,
}
CODE = {"type": "object", "properties": {"code": {"type": "string"}}, "required": ["code"]}


def sorter(*examples: Example, **values: Any) -> Agent:
    return Agent("sorter", instructions="Sort.", examples=examples, **values)


@pytest.mark.parametrize(
    ("make", "message", "why"),
    [
        (lambda: Example(" ", "x"), "an example has no task", ""),
        (
            lambda: sorter(Example("Tea", {"kind": "beverage"}), output_schema=KIND),
            "the output of example 1 does not fit agent sorter",
            "kind",
        ),
        (
            lambda: sorter(Example("Tea", "x"), Example("Rain", {"kind": "bug"})),
            "the output of example 2 does not fit agent sorter",
            "answers in text",
        ),
        (
            lambda: sorter(Example("Tea", "x"), input_schema=CODE),
            "the input of example 1 does not fit agent sorter",
            "code",
        ),
        (
            lambda: sorter(*[Example("Tea", "x")] * (MOST_EXAMPLES + 1)),
            "there is too much in the examples of agent sorter",
            "21",
        ),
        (lambda: sorter(Example("Tea" * 40_000, "x")), "there is too much", "bytes"),
    ],
)
def test_an_example_that_no_task_could_be_is_refused(make: Any, message: str, why: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        make()

    assert refused.value.message.startswith(message)
    assert why in refused.value.why
    assert refused.value.hint


class Kind(BaseModel):
    kind: str


@dataclass
class Plain:
    kind: str


@pytest.mark.parametrize("answer", [Kind(kind="bug"), Plain("bug"), {"kind": "bug"}])
def test_an_answer_may_be_an_instance_and_is_kept_as_json(answer: object) -> None:
    made = Example("No log-in", answer)

    assert made.output == {"kind": "bug"}


def test_an_example_is_shown_as_a_task_and_its_answer() -> None:
    shown = shown_examples([Example("Sort.", {"kind": "bug"}, input={"n": 1})], is_json=True)

    assert '<task>\nSort.\n\nInput:\n{\n  "n": 1\n}\n</task>' in shown
    assert '<answer>\n{"kind":"bug"}\n</answer>' in shown
    assert shown_examples([], is_json=True) == ""


def test_in_a_folder_an_agent_has_the_examples_whose_input_it_takes_there() -> None:
    paths: JsonObject = {"type": "object", "properties": {}, "additionalProperties": False}
    there = WithWorkspace(tools=("grep",), input_schema=paths)
    agent = sorter(
        Example("Review.", "Fine.", input={"code": "x"}), input_schema=CODE, with_workspace=there
    )

    assert agent.in_folder.examples == ()


def test_a_changed_example_is_a_new_version_and_an_agent_without_any_keeps_its_own() -> None:
    tea = digest_of(sorter(Example("Tea", "Leaves.")), ())
    rain = digest_of(sorter(Example("Tea", "A drink.")), ())

    assert tea != rain
    # As it was when agents could not have any.
    assert digest_of(Agent("sorter", instructions="Sort."), ()) == "77cac9b73515"
