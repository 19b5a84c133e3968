"""A plan that no file holds is checked as a whole, with every problem and where it is."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.gate import ConditionGate
from parallel_agents.core.plan import Loop, Plan, Step
from parallel_agents.core.plan_checks import check_plan
from parallel_agents.core.schema import JsonObject
from parallel_agents.errors import UnknownAgent

POET = Agent("poet", instructions="Write.")


def find_agent(name: str) -> Agent:
    if name != "poet":
        raise UnknownAgent(f"there is no agent {name!r}", hint="did you mean 'poet'?")
    return POET


def test_all_problems_are_found_at_once() -> None:
    plan = Plan(
        name="verse",
        steps=(
            Step(id="a", agent="poet", text="${topic}"),
            Step(id="b", agent="poet", text="${tasks.a.output}", loop=Loop(until="x > 1")),
        ),
    )

    found = [(each.step, each.field) for each in check_plan(plan, find_agent)]

    assert found == [("a", ("text",)), ("b", ("text",)), ("b", ("loop", "until"))]


@pytest.mark.parametrize(
    ("place", "written"),
    [
        ("text", "${tasks.a.output[0]}"),
        ("text", "${tasks.a.output.title}"),
        ("text", "${tasks.who.output[0]}"),
        ("input", {"x": "${tasks.a.output[0]}"}),
        ("approve", "Really ${tasks.a.output[0]}?"),
        ("person", "Who knows ${tasks.a.output.title}?"),
        ("for_each", "${tasks.a.output}"),
        ("for_each", "${tasks.a.output[0]}"),
        ("for_each", "${tasks.who.output}"),
        ("when", "tasks.a.output > 3"),
        ("when", "3 <= tasks.a.output[0]"),
        ("when", "tasks.a.output.title == 'x'"),
        ("when", "tasks.who.output > 3"),
        ("when", "topic > 3"),
        ("loop", Loop(until="output > 3")),
        ("loop", Loop(until="text > 3")),
        ("gates", (ConditionGate(condition="text > 3"),)),
        ("gates", (ConditionGate(condition="output > 3"),)),
    ],
)
def test_an_answer_in_text_has_neither_items_nor_fields_nor_a_size(
    place: str, written: Any
) -> None:
    plain = Step(id="b", agent="poet", text="x", needs=("a", "who"))
    step = replace(plain, **{place: written})
    schema: JsonObject = {
        "type": "object",
        "properties": {"topic": {"type": "string"}},
        "required": ["topic"],
    }
    steps = (Step(id="a", agent="poet", text="x"), Step(id="who", person="Who?"), step)

    (found,) = check_plan(Plan(name="v", steps=steps, input_schema=schema), find_agent)

    assert (found.step, found.field[0]) == ("b", place)


@pytest.mark.parametrize(
    ("place", "written"),
    [
        ("when", "tasks.a.output > 'b' and tasks.a.output[0] != 'x' and len(tasks.a.output) > 3"),
        ("when", "tasks.a.status == 'done'"),
        ("loop", Loop(until="len(text) > 3 and text[0] < 'b'")),
    ],
)
def test_what_a_text_has_may_be_read_by_conditions(place: str, written: Any) -> None:
    step = replace(Step(id="b", agent="poet", text="x", needs=("a",)), **{place: written})

    steps = (Step(id="a", agent="poet", text="x"), step)

    assert check_plan(Plan(name="v", steps=steps), find_agent) == []


def test_a_long_placeholder_is_told_in_a_length_that_can_be_read() -> None:
    names = ("x" * 6000, "tasks." + "x" * 6000, "tasks.a.output." + "x" * 6000)
    text = " ".join(f"${{{name}}}" for name in names)
    steps = (
        Step(id="a", agent="poet", text="x"),
        Step(id="b", agent="poet", text=text, needs=("a",)),
    )

    found = check_plan(Plan(name="v", steps=steps), find_agent)

    assert len(found) == 3
    assert max(len(each.message) for each in found) < 300


def test_a_problem_of_an_inner_plan_says_where_it_is() -> None:
    inner = Plan(name="inner", steps=(Step(id="x", agent="pot", text="x"),))

    (found,) = check_plan(Plan(name="outer", steps=(Step(id="a", plan=inner),)), find_agent)

    assert (found.step, found.field) == ("a", ("plan", "x", "agent"))
    assert found.message == "there is no agent 'pot'"


def test_a_plan_without_steps_and_with_a_reserved_input_is_refused() -> None:
    schema: JsonObject = {"type": "object", "properties": {"tasks": {}}}

    found = check_plan(Plan(name="outer", steps=(), input_schema=schema), find_agent)

    assert [each.field for each in found] == [("tasks",), ("input", "properties", "tasks")]


def test_500_steps_are_checked_in_less_than_a_second() -> None:
    steps = [Step(id="s0", agent="poet", text="x")]
    for n in range(1, 500):
        text = f"${{tasks.s{n - 1}.output}} ${{tasks.s0.output}}"
        steps.append(Step(id=f"s{n}", agent="poet", text=text, needs=(f"s{n - 1}",)))

    began = time.process_time()
    found = check_plan(Plan(name="long", steps=tuple(steps)), find_agent)

    assert found == []
    assert time.process_time() - began < 1


@pytest.mark.parametrize(
    ("placeholder", "takes", "is_told"),
    [
        ("${tasks.one.output}", "string", True),
        ("${tasks.one.output}", "object", False),
        ("${tasks.one.output.title}", "string", False),
        ("${tasks.one.output.title}", "array", True),
        ("${tasks.one.output.count}", "number", False),
        ("${tasks.one.output.count}", "integer", False),
        ("${tasks.many.output}", "string", True),
        ("${tasks.many.output}", "array", False),
        ("${tasks.many.output[0].title}", "string", False),
        ("${tasks.text.output}", "string", False),
        ("${tasks.text.output}", "object", True),
        ("${pages}", "integer", False),
        ("${pages}", "string", True),
        ("All: ${tasks.many.output}", "string", False),
    ],
)
def test_a_result_of_a_type_that_an_input_does_not_take_is_told(
    placeholder: str, takes: str, is_told: bool
) -> None:
    fields = {"title": {"type": "string"}, "count": {"type": "number"}}
    posted: JsonObject = {"type": "object", "properties": fields}
    agents = {
        "poet": POET,
        "poster": Agent("poster", instructions="Write.", output_schema=posted),
        "editor": Agent(
            "editor",
            instructions="Edit.",
            input_schema={"type": "object", "properties": {"draft": {"type": takes}}},
        ),
    }
    plan = Plan(
        name="letter",
        input_schema={
            "type": "object",
            "properties": {"pages": {"type": "integer"}},
            "required": ["pages"],
        },
        steps=(
            Step(id="one", agent="poster", text="Write."),
            Step(id="many", agent="poster", text="Write.", for_each=("a", "b")),
            Step(id="text", agent="poet", text="Write."),
            Step(
                id="last",
                agent="editor",
                text="Edit.",
                needs=("one", "many", "text"),
                input={"draft": placeholder},
            ),
        ),
    )

    found = [(each.step, each.field) for each in check_plan(plan, agents.__getitem__)]

    assert found == ([("last", ("input", "draft"))] if is_told else [])
