"""What is wrong with a plan is found before anything of it runs."""

from __future__ import annotations

from dataclasses import replace

from parallel_agents.core.agent import AnyAgent
from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.plan import Plan, Step
from parallel_agents.errors import UnknownAgent
from parallel_agents.orchestration.findings import find_problems, is_same
from tests.unit.orchestration.parts import WRITER

ONE = Plan(name="plan", steps=(Step(id="a", agent="writer", text="Go."),))


def find(name: str) -> AnyAgent:
    if name != "writer":
        raise UnknownAgent(f"there is no agent {name!r}")
    return WRITER


def problems(plan: Plan, budget: Budget = NO_BUDGET, taken: tuple[str, ...] = ()) -> list[str]:
    return find_problems(plan, find, budget=budget, most_steps=30, taken=taken, failed=())


def test_a_sound_plan_has_no_problems() -> None:
    assert problems(ONE) == []


def test_a_thousand_steps_are_too_many() -> None:
    steps = tuple(Step(id=f"s{n}", agent="writer", text="Go.") for n in range(1000))

    assert "the plan has 1000 steps, and at most 30 are allowed" in problems(
        Plan(name="plan", steps=steps)
    )


def test_a_step_cannot_have_more_than_the_whole() -> None:
    rich = replace(ONE, steps=(replace(ONE.steps[0], budget=Budget(usd=2)),))

    assert problems(rich, Budget(usd=1)) == ["a: its budget of 2 is more than the 1 of the whole"]


def test_the_id_of_an_earlier_step_is_not_free() -> None:
    assert problems(ONE, taken=("a",)) == ["a: an earlier step has this id"]


def test_a_plan_is_the_same_whatever_its_steps_are_called() -> None:
    renamed = replace(ONE, steps=(replace(ONE.steps[0], id="b"),))

    assert is_same(ONE, renamed)
    assert not is_same(ONE, replace(ONE, steps=(replace(ONE.steps[0], text="Stop."),)))
