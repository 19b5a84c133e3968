"""A batch is one task, and its answer has exactly one field for each item."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.batch import (
    Item,
    answer_schema,
    batch_of,
    check_answer,
    check_batch,
    examples_of_batch,
    fitting_items,
    items_of,
    limits_of_batch,
)
from parallel_agents.core.example import Example
from parallel_agents.core.gate import Refine
from parallel_agents.core.limits import Limits
from parallel_agents.core.output import Accepted, Rejected
from parallel_agents.core.policy import Policy
from parallel_agents.core.schema import Json, compiled
from parallel_agents.core.workspace import Workspace
from parallel_agents.errors import BatchRefused

WRITER = Agent("writer", instructions="Write.")


@dataclass
class Leaf:
    name: str
    children: list[Leaf]


@pytest.mark.parametrize(
    "items",
    [
        [Item("Sort a", {}), Item("Sort b", {})],
        [Item("Sort", {"text": "a"}), Item("Sort", {"text": "b"})],
        [Item("Sort a", {"n": 1}), Item("Sort b", {"n": 2})],
        [Item("Sort", {"task": "a", "input": {"x": 1}}), Item("Sort", {"task": "b", "input": {}})],
        [Item("same", {}), Item("same", {})],
        [Item("Sort a", {"n": 1}), Item("Sort b", {})],
    ],
)
def test_the_items_of_a_task_are_those_that_it_was_made_of(items: list[Item]) -> None:
    text, values = batch_of(items)

    assert list(items_of(text, values).values()) == items


def test_examples_are_shown_as_one_batch_whose_answer_has_the_form_that_is_asked_for() -> None:
    examples = [Example("No log-in", {"kind": "bug"}), Example("Dark theme", {"kind": "wish"})]

    (shown,) = examples_of_batch(examples)

    assert shown == Example(
        "Do these 2 tasks, each by itself.",
        {"1": {"kind": "bug"}, "2": {"kind": "wish"}},
        input={"1": "No log-in", "2": "Dark theme"},
    )


def test_a_batch_of_an_agent_without_examples_has_none() -> None:
    assert examples_of_batch(()) == ()


def test_a_text_that_all_items_have_is_told_once() -> None:
    task = batch_of([Item("Sort", {"text": "a"}), Item("Sort", {"text": "b"})])

    assert task == ("Sort", {"1": {"text": "a"}, "2": {"text": "b"}})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('{"1": "a"}', '"2"'),
        ('{"1": "a", "2": "b", "3": "c"}', "3"),
        ('{"1": "a", "2": ""}', "2"),
        ('{"1": "a", "2": "b", "2": "c"}', "it has the item 2 more than once"),
        ('Here: ```json\n{"1": "a", "2": "b", "2": "c"}\n```', "the item 2 more than once"),
        ('["a", "b"]', "object"),
    ],
)
def test_an_answer_without_exactly_one_for_each_item_is_rejected(text: str, problem: str) -> None:
    checked = check_answer(text, WRITER, ["1", "2"])

    assert isinstance(checked, Rejected)
    assert problem in "; ".join(checked.problems)


@pytest.mark.parametrize(
    ("text", "fit"),
    [
        ('{"1": "a", "2": 5}', {"1": "a"}),
        ('{"1": "a", "1": "b", "2": "c"}', {"2": "c"}),
        ('{"1": "a", "2": "b", "3": "c"}', {"1": "a", "2": "b"}),
        ('Here it is: {"2": "b"}', {"2": "b"}),
        ('{"1": ""}', {}),
        ('["a", "b"]', {}),
        ("no JSON", {}),
    ],
)
def test_what_fits_of_a_reply_is_told_although_the_reply_does_not(
    text: str, fit: dict[str, Json]
) -> None:
    assert fitting_items(text, WRITER, ["1", "2"]) == fit


def test_an_answer_in_any_order_is_accepted() -> None:
    assert check_answer('{"2": "b", "1": "a"}', WRITER, ["1", "2"]) == Accepted(
        {"2": "b", "1": "a"}
    )


def test_a_schema_that_refers_to_itself_does_so_inside_of_a_batch() -> None:
    gardener = Agent("gardener", instructions="Draw a tree.", output=Leaf)
    schema = answer_schema(gardener, ["1", "2"])
    leaf: Json = {"name": "a", "children": [{"name": "b", "children": []}]}

    assert schema is not None
    assert not compiled(schema).problems({"1": leaf, "2": leaf})
    assert compiled(schema).problems({"1": leaf, "2": {"name": "a", "children": [{"name": 1}]}})


@pytest.mark.parametrize(
    "own",
    [
        {"type": "array", "items": {"$ref": "#"}},
        {
            "type": "object",
            "properties": {"a": {"type": "string"}, "b": {"$ref": "#/properties/a"}},
        },
        {
            "$defs": {"answer": {"type": "string"}},
            "type": "array",
            "items": {"$ref": "#/$defs/answer"},
        },
    ],
)
def test_any_local_reference_still_points_to_what_it_did(own: dict[str, Json]) -> None:
    agent = Agent("agent", instructions="Do.", output_schema=own)
    schema = answer_schema(agent, ["1", "2"])
    assert schema is not None

    good: dict[str, Json] = {"array": [], "object": {"a": "x", "b": "y"}}
    bad: dict[str, Json] = {"array": [1], "object": {"a": "x", "b": 1}}
    kind = str(own["type"])

    assert not compiled(schema).problems({"1": good[kind], "2": good[kind]})
    assert compiled(schema).problems({"1": good[kind], "2": bad[kind]})


@pytest.mark.parametrize(
    ("agent", "why"),
    [
        (Agent("a", instructions="-", refine=Refine()), "refine loop"),
        (Agent("a", instructions="-", policy=Policy(spawns=("*",))), "may spawn"),
        (Agent("a", instructions="-", workspace=Workspace.own()), "works in a folder"),
        (Agent("a", instructions="-", tools=("ask_human",)), "ask a person"),
    ],
)
def test_work_that_cannot_be_told_apart_is_refused(agent: Agent, why: str) -> None:
    with pytest.raises(BatchRefused) as refused:
        check_batch(agent, refine=None, workspace=None)

    assert why in refused.value.why


def test_a_reply_to_many_items_may_be_as_long_as_models_write() -> None:
    own = Limits(max_output_tokens=4096)

    assert limits_of_batch(own, 2).max_output_tokens == 8192
    assert limits_of_batch(own, 100).max_output_tokens == 16_384
    assert limits_of_batch(Limits(max_output_tokens=20_000), 9).max_output_tokens == 20_000
    assert limits_of_batch(own, 0) == own
