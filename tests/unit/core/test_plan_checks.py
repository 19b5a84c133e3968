"""A plan that no file holds is checked as a whole, with every problem and where it is."""

from __future__ import annotations

import time

from parallel_agents.core.agent import Agent
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
