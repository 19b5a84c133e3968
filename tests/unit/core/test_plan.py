"""A plan is data: it becomes JSON and is made of it again, and its order is found."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, strategies as st
from pydantic import TypeAdapter

from parallel_agents.core.budget import Budget
from parallel_agents.core.gate import JudgeGate
from parallel_agents.core.plan import (
    Loop,
    Plan,
    Step,
    all_steps,
    ancestors,
    as_json,
    find_cycle,
    in_order,
    on_model,
    placed_steps,
    with_default_model,
    within,
)

INNER = Plan(name="inner", steps=(Step(id="ask", person="Which?"), Step(id="b", agent="poet")))
PLAN = Plan(
    name="verse",
    steps=(
        Step(id="a", agent="poet", text="x", gates=(JudgeGate(rubric="good"),)),
        Step(id="c", plan=INNER, needs=("a",), loop=Loop(until="true"), budget=Budget(usd=1)),
    ),
    cache_seconds=5,
)


def test_a_plan_survives_json() -> None:
    assert TypeAdapter(Plan).validate_python(as_json(PLAN)) == PLAN


def test_fields_with_their_defaults_are_left_out() -> None:
    assert as_json(INNER) == {
        "name": "inner",
        "steps": [{"id": "ask", "person": "Which?"}, {"id": "b", "agent": "poet"}],
    }


def test_the_last_steps_are_those_that_no_other_one_needs() -> None:
    assert [step.id for step in PLAN.last] == ["c"]


def test_a_model_for_all_reaches_the_steps_of_inner_plans() -> None:
    models = {step.id: step.model for step in all_steps(on_model(PLAN, "a/b"))}

    assert models == {"a": "a/b", "c": "a/b", "ask": None, "b": "a/b"}


def test_an_inner_plan_works_as_the_outer_one_says() -> None:
    assert within(INNER, PLAN).cache_seconds == 5


@pytest.mark.parametrize("inner", [None, "i/n"])
def test_a_step_has_the_nearest_model_that_is_named(inner: str | None) -> None:
    plan = Plan(name="in", steps=(Step(id="x", agent="main", text="x"),), model=inner)
    step = Step(id="own", agent="main", text="x", model="o/n")
    whole = Plan(name="all", steps=(step, Step(id="in", plan=plan)))

    placed = placed_steps(with_default_model(whole, "d/f"))

    models = {each.label: each.model for each in placed if each.step.agent}
    assert models == {"own": "o/n", "in.x": inner or "d/f"}


def test_ancestors_are_all_steps_that_ended_before() -> None:
    assert ancestors({"a": (), "b": ("a",), "c": ("b",)})["c"] == {"a", "b"}


def test_a_cycle_is_named_by_its_path() -> None:
    assert find_cycle({"d": ["a"], "a": ["b"], "b": ["c"], "c": ["a"]}) == ["a", "b", "c", "a"]
    assert find_cycle({"a": ["a"]}) == ["a", "a"]


@given(st.lists(st.lists(st.integers(0, 9), max_size=3), min_size=1, max_size=10))
def test_steps_are_either_in_order_or_in_a_cycle(drawn: list[list[int]]) -> None:
    needs = {str(n): [str(i) for i in need if i < len(drawn)] for n, need in enumerate(drawn)}
    order = [*in_order(needs)]
    cycle = find_cycle(needs)

    assert bool(cycle) == (len(order) < len(needs))
    for at, step in enumerate(order):
        assert set(needs[step]) <= set(order[:at])
    for step, need in pairwise(cycle):
        assert need in needs[step]
