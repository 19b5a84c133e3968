"""A plan that a budget kept from its end says whose that is, and goes on with a larger one from where it was."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.plan import Plan, Step
from parallel_agents.core.run import Result, RunStatus
from parallel_agents.errors import Conflict
from parallel_agents.flows.plan_budgets import KILLED_HINT
from parallel_agents.testing import MemoryStore
from tests.unit.flows.parts import Writer, lasting_store, process
from tests.unit.flows.test_planned import TOPIC, begin, ended, run, write

SMALL, LARGE = Budget(tokens=4_450), Budget(tokens=100_000)


def nested(inner: Budget, outer: Budget = NO_BUDGET, step: Budget = NO_BUDGET) -> Plan:
    """A plan with another one for each of two items; the second call of each has to say more than the first."""
    steps = (
        write("first", "on ${topic}", budget=step),
        write("second", f"{'more ' * 40}on ${{topic}}: ${{tasks.first.output}}", "first"),
    )
    page = Plan(name="page", steps=steps, input_schema=TOPIC, budget=inner)
    each = Step(id="each", plan=page, for_each=["tea", "milk"], input={"topic": "${item}"})
    return Plan(name="launch", steps=(each,), budget=outer)


async def begun_small(writer: Writer, store: MemoryStore, plan: Plan) -> Result[Any]:
    async with process(writer, store) as rig:
        return await run(rig, plan)


@pytest.mark.parametrize(
    ("small", "large", "calls", "told"),
    [
        (
            nested(SMALL),
            nested(LARGE),
            2,
            "raise `budget` of page (4,450 tokens), the flow of the task each",
        ),
        (
            nested(NO_BUDGET, SMALL),
            nested(NO_BUDGET, LARGE),
            1,
            "the budget of the whole run is used up: pass a larger --budget",
        ),
        (
            nested(LARGE, NO_BUDGET, Budget(tokens=10)),
            nested(LARGE, NO_BUDGET, LARGE),
            0,
            "raise `budget` of the task first (10 tokens)",
        ),
    ],
    ids=["nested", "outer", "of a task"],
)
async def test_the_hint_says_which_budget_is_used_up_and_a_larger_one_goes_on(
    small: Plan, large: Plan, calls: int, told: str
) -> None:
    writer, store = Writer(seconds=1), lasting_store()

    first = await begun_small(writer, store, small)
    before = len(writer.calls)
    async with process(writer, store) as rig:
        second = await run(rig, large)

    assert first.error is not None
    assert told in first.error.hint
    assert "min_done" not in first.error.hint
    assert before == calls
    assert second.status is RunStatus.DONE
    assert len(writer.calls) == 4
    assert len(set(writer.calls)) == 4


async def test_a_step_that_differs_is_other_work_whatever_the_budgets_are() -> None:
    plan = nested(LARGE)
    other = replace(plan, steps=(replace(plan.steps[0], for_each=["tea"]),))
    store = lasting_store()

    async with process(Writer(seconds=1), store) as rig:
        await run(rig, plan)
        with pytest.raises(Conflict):
            await run(rig, other)


@pytest.mark.parametrize(
    ("names", "seconds", "is_all"),
    [
        (["each-2"], 5, True),
        (["each-2/first"], 5, True),
        (["each-1/second", "each-2"], 15, True),
        (["each-1/first"], 5, False),
    ],
)
async def test_what_somebody_killed_is_not_told_to_be_run_again(
    names: list[str], seconds: float, is_all: bool
) -> None:
    """A kill at any depth; of a plan in which another task failed as well, both are told."""
    bad = () if is_all else (write("bad", "fail ${topic}"),)
    page = nested(LARGE).steps[0]
    assert page.plan is not None
    inner = replace(page.plan, steps=(*page.plan.steps, *bad))
    plan = Plan(name="launch", steps=(replace(page, plan=inner),))
    store = lasting_store()
    async with process(Writer(seconds=10), store) as rig:
        handle = await begin(rig, plan)
        await asyncio.sleep(seconds)
        for name in names:
            await rig.sessions.kill(f"one/{name}")
        first = await ended(rig, handle)
        again = await run(rig, plan)

    for result in (first, again):
        assert result.error is not None
        assert KILLED_HINT in result.error.hint
        assert (result.error.hint == KILLED_HINT) is is_all
