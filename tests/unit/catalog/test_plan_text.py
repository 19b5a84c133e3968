"""A plan that is written as a team file reads back as the same plan."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from parallel_agents.catalog.catalog import Catalog
from parallel_agents.catalog.plan_text import plan_text
from parallel_agents.core.agent import Agent
from parallel_agents.core.budget import Budget
from parallel_agents.core.gate import CommandGate, ConditionGate, JudgeGate, Refine, RegexGate
from parallel_agents.core.plan import Create, Loop, Plan, RunIf, Step
from parallel_agents.core.task import OnFailure
from parallel_agents.errors import InvalidInput

WRITER = Agent("writer", instructions="Write.", output=str)
FIRST = Step(id="first", agent="writer", text="Write.")
TOPIC = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}


def read_back(plan: Plan) -> Plan:
    text = plan_text(plan, plan.name, "A plan.")
    return Catalog().plan(Path("plan.yaml"), text, agents={"writer": WRITER})


@pytest.mark.parametrize(
    "step",
    [
        Step(id="a", agent="writer", text="yes"),
        Step(id="a", agent="writer", text="- 'x': \"y\" # no comment\n\n  ${tasks.first.output}\n"),
        Step(
            id="a", agent="writer", text="$${not} a placeholder, 1e3, null, ~, \u2028, \U0001f375"
        ),
        Step(id="a", create=Create(name="a", purpose="Sells: bread", target=9.5)),
        Step(id="a", person="Which tea?", needs=("first",), run_if=RunIf.ALWAYS),
        Step(
            id="a", agent="writer", text="x", approve="Really?", when="tasks.first.status == 'done'"
        ),
        Step(
            id="a",
            agent="writer",
            text="x ${item}",
            for_each=["1", "2"],
            min_done=1,
            max_parallel=1,
        ),
        Step(id="a", agent="writer", text="x", loop=Loop(until="len(text) > 3", rounds=2)),
        Step(id="a", agent="writer", text="x", hand_off=("writer",), person="Help?"),
        Step(id="a", agent="writer", text="x", model="sim/calm", budget=Budget(usd=0.1, tokens=9)),
        Step(
            id="a",
            agent="writer",
            text="x",
            gates=(
                ConditionGate(condition="len(text) > 1"),
                RegexGate(pattern="^#", is_negated=True),
                CommandGate(command=("wc", "-l")),
                JudgeGate(rubric="Short: and good.", at_least=7),
            ),
            refine=Refine(rounds=2),
        ),
    ],
    ids=lambda step: step.text[:12] or "other",
)
def test_a_step_is_the_same_again(step: Step) -> None:
    needs = step.needs or (("first",) if "first" in f"{step.text}{step.when}" else ())
    plan = Plan(name="plan", steps=(FIRST, replace(step, needs=needs)))

    assert read_back(plan).steps == plan.steps


def test_what_is_of_the_whole_file_is_the_same_again() -> None:
    plan = Plan(
        name="plan",
        steps=(FIRST, Step(id="a", agent="writer", text="${topic}", needs=("first",))),
        input_schema=TOPIC,
        max_parallel=2,
        timeout_seconds=60,
        model="sim/calm",
        min_done=1,
        on_failure=OnFailure.STOP_NEW,
        budget=Budget(usd=1),
    )

    assert read_back(plan) == plan


def test_a_plan_in_another_file_cannot_be_written_into_one() -> None:
    inner = Step(id="a", plan=Plan(name="other", steps=(FIRST,)))

    with pytest.raises(InvalidInput, match="the step a is a file of its own"):
        plan_text(Plan(name="plan", steps=(inner,)), "plan", "A plan.")


def test_a_description_is_one_line_and_never_empty() -> None:
    plan = Plan(name="plan", steps=(FIRST,))

    assert "description: A plan\n" in plan_text(plan, "plan", "A\n plan")
    assert "description: plan\n" in plan_text(plan, "plan", "  ")
