"""A plan that a program made is refused by the step and the field that are wrong."""

from __future__ import annotations

import pytest

from parallel_agents.core.agent import Agent
from parallel_agents.core.plan import Plan, Step
from parallel_agents.core.plan_refusal import check_made_plan
from parallel_agents.errors import InvalidInput

POET = Agent("poet", instructions="Write.")


def refusal(plan: Plan) -> InvalidInput:
    with pytest.raises(InvalidInput) as caught:
        check_made_plan(plan, lambda _: POET)
    return caught.value


def test_a_plan_without_mistakes_is_taken() -> None:
    check_made_plan(
        Plan(name="verse", steps=(Step(id="a", agent="poet", text="x"),)), lambda _: POET
    )


def test_several_mistakes_are_one_error_that_counts_the_others() -> None:
    steps = tuple(Step(id=id, agent="poet", text="${nothing}") for id in "ab")

    error = refusal(Plan(name="verse", steps=steps))

    assert error.message.startswith("text of the step 'a' of verse: ")
    assert error.why.endswith("1 other value is invalid, too")


def test_a_mistake_in_an_inner_plan_names_the_way_to_it() -> None:
    inner = Plan(name="inner", steps=(Step(id="b", agent="poet", text="${nothing}"),))

    error = refusal(Plan(name="verse", steps=(Step(id="a", plan=inner),)))

    assert error.message.startswith("plan.b.text of the step 'a' of verse: ")


def test_fields_are_called_as_programs_call_them() -> None:
    assert refusal(Plan(name="verse", steps=())).message.startswith("steps of the plan verse: ")


def test_more_items_than_a_step_may_have_are_refused() -> None:
    step = Step(id="a", agent="poet", text="${item}", for_each=list(range(1001)))

    assert "has 1,001 items" in refusal(Plan(name="verse", steps=(step,))).message


@pytest.mark.parametrize(
    "schema",
    [
        {"type": "objet"},
        {"type": "object", "properties": {"n": {"type": "integer", "default": "x"}}},
        {"type": "object", "propertis": {}},
    ],
)
def test_an_input_schema_that_is_none_is_refused(schema: dict[str, str]) -> None:
    plan = Plan(name="verse", steps=(Step(id="a", agent="poet", text="x"),), input_schema=schema)

    assert refusal(plan).message.startswith("input_schema of the plan verse")
