"""What a plan would do is foreseen as it would be done: a plan in it once for each of its items, within all budgets."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from parallel_agents.app.foreseeing import Foresight, Times, foresee_goal, foresee_steps
from parallel_agents.core.agent import Agent
from parallel_agents.core.bound import Bound
from parallel_agents.core.budget import Budget
from parallel_agents.core.model import Capabilities
from parallel_agents.core.plan import Loop, Plan, Step
from parallel_agents.core.usage import NANOUSD_PER_USD
from parallel_agents.orchestration.request import DoRequest
from parallel_agents.testing import RepliesWith
from tests.unit.surfaces.cli.parts import environment, open_process

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from parallel_agents.core.schema import Json

WRITER = Agent("writer", instructions="Write.", output=str)
LISTER = Agent(
    "lister",
    instructions="List.",
    output={
        "type": "object",
        "properties": {"items": {"type": "array", "items": {"type": "string"}, "maxItems": 4}},
    },
)
TOPIC = {"type": "object", "properties": {"topic": {"type": "string"}}, "required": ["topic"]}
FACTS = Step(id="facts", agent="writer", text="Facts on ${topic}")
POST = Step(id="post", agent="writer", text="Of ${tasks.facts.output}", needs=("facts",))
INNER = Plan(name="inner", steps=(FACTS, POST), input_schema=TOPIC, budget=Budget(usd=0.05))
LIST = Step(id="list", agent="lister", text="List.", budget=Budget(usd=0.01))
ITEM: dict[str, Json] = {"topic": "${item}"}


def each(items: object, **more: object) -> Step:
    return Step(id="each", plan=INNER, for_each=items, input=ITEM, **more)  # type: ignore[arg-type]


def usd(amount: float) -> Bound:
    return Bound(round(amount * NANOUSD_PER_USD))


async def foreseen(home: Path, plan: Plan, values: Mapping[str, Json] | None = None) -> Foresight:
    async with open_process(
        home, RepliesWith(lambda _: "x", capabilities=Capabilities()), (WRITER, LISTER)
    ) as app:
        return await foresee_steps(app, plan, values or {})


def times(found: Foresight) -> dict[str, Times]:
    return {task.label: task.times for task in found.tasks}


async def test_a_plan_for_each_item_is_as_many_runs_of_it(tmp_path: Path) -> None:
    alone = await foreseen(tmp_path, INNER, {"topic": "tea"})
    found = await foreseen(tmp_path, Plan(name="p", steps=(each(["tea", "tea", "tea"]),)))

    assert times(found) == {"each.facts": Times(3, 3), "each.post": Times(3, 3)}
    firsts = [task.firsts for task in found.tasks]
    (one, unread) = [task.firsts for task in alone.tasks]
    assert one is not None
    assert firsts == [one * 3, None]
    assert unread is None
    assert (alone.bound, found.bound) == (usd(0.05), usd(0.15))


@pytest.mark.parametrize(
    ("plan", "bound"),
    [
        (Plan(name="p", steps=(each(["a", "b"]),), budget=Budget(usd=0.02)), usd(0.02)),
        (Plan(name="p", steps=(each(["a", "b"]),), budget=Budget(tokens=9)), Bound(usd(0.1)[0], 9)),
        (Plan(name="p", steps=(each(["a"], budget=Budget(usd=2.0)),)), usd(2)),
        (Plan(name="p", steps=(each(["a", "b"], loop=Loop(until="x > 1", rounds=4)),)), usd(0.4)),
        (
            Plan(name="p", steps=(LIST, each("${tasks.list.output.items}", needs=("list",)))),
            usd(0.21),
        ),
        (Plan(name="p", steps=(FACTS, each(["a"])), input_schema=TOPIC), Bound()),
        (Plan(name="p", steps=(Step(id="a", person="Which?"), each([]))), Bound(0, 0)),
    ],
    ids=["outer", "tokens", "of the step", "rounds", "open list", "one without", "nothing"],
)
async def test_the_bound_is_that_of_the_items_within_the_outer_budget(
    plan: Plan, bound: Bound, tmp_path: Path
) -> None:
    assert (
        await foreseen(tmp_path, plan, {"topic": "t"} if FACTS in plan.steps else {})
    ).bound == bound


async def test_of_a_list_that_is_not_known_yet_only_the_most_is_known(tmp_path: Path) -> None:
    more = Step(
        id="more", agent="writer", text="${item}", needs=("each",), for_each="${tasks.each.output}"
    )
    two = Step(id="two", agent="writer", text="${item}", for_each=["a", "b"])
    other = replace(more, id="other", needs=("two",), for_each="${tasks.two.output}")
    steps = (LIST, two, other, each("${tasks.list.output.items}", needs=("list",)), more)

    found = await foreseen(tmp_path, Plan(name="p", steps=steps))

    assert times(found) == {
        "list": Times(),
        "two": Times(2, 2),
        "each.facts": Times(1, 4, "each"),
        "each.post": Times(1, 4, "each"),
        "more": Times(1, 4, "more"),
        "other": Times(1, 2, "other"),
    }


async def test_plans_in_plans_are_done_for_each_item_of_each(tmp_path: Path) -> None:
    middle = Plan(
        name="middle",
        steps=(each("${kinds}"),),
        input_schema={"type": "object", "properties": {"kinds": {}}},
    )
    group = Step(
        id="group", plan=middle, for_each=[["a", "b"], ["c"], []], input={"kinds": "${item}"}
    )

    found = await foreseen(tmp_path, Plan(name="p", steps=(group,)))

    assert times(found)["group.each.post"] == Times(3, 3)
    assert found.bound == usd(0.15)


async def test_an_item_that_cannot_be_done_costs_nothing_and_is_told(tmp_path: Path) -> None:
    found = await foreseen(tmp_path, Plan(name="p", steps=(each(["tea", 3]),)))

    assert times(found)["each.facts"] == Times()
    assert found.bound == usd(0.05)
    assert len(found.notes) == 1
    assert found.notes[0].startswith(
        "each, item 2 cannot be done: inner does not accept this input"
    )


@pytest.mark.parametrize(
    ("budget", "replans", "notes"),
    [
        (Budget(), 0, ["The steps cost at most $0.02, by their budgets; a report is not in that."]),
        (
            Budget(usd=3.0),
            1,
            [
                "The steps cost at most $0.02, by their budgets; what reports on them, and a further plan if"
                " some fail, is not in that."
            ],
        ),
        (Budget(usd=0.01), 0, []),
    ],
    ids=["no budget", "a larger one", "a smaller one"],
)
async def test_the_plan_of_a_goal_has_the_bound_of_its_steps_beside_that_of_all(
    budget: Budget, replans: int, notes: list[str], tmp_path: Path
) -> None:
    plan = Plan(name="p", steps=(LIST, replace(LIST, id="more")))
    request = DoRequest(goal="List", plan=plan, budget=budget, replans=replans)

    async with open_process(
        tmp_path, RepliesWith(lambda _: "x", capabilities=Capabilities()), (WRITER, LISTER)
    ) as app:
        found = await foresee_goal(app, environment(tmp_path), request)

    assert found.bound == Bound.of(budget)
    assert list(found.notes) == notes
