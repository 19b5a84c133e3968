"""A plan is shown with its steps, how many run at once, and the most that it may cost."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from parallel_agents.core.budget import NO_BUDGET, Budget
from parallel_agents.core.flow import FlowTask
from parallel_agents.core.model import Capabilities
from parallel_agents.core.plan import Create, Plan, Step
from parallel_agents.surfaces.cli import render
from parallel_agents.surfaces.cli.plan_shown import show_plan
from parallel_agents.testing import RepliesWith
from tests.unit.orchestration.parts import AGENTS
from tests.unit.surfaces.cli.parts import open_process

if TYPE_CHECKING:
    from pathlib import Path

FACTS = Step(id="facts", agent="writer", text="Find facts.\n\nnotes:\n${notes}")
PAGE = Step(id="page", agent="writer", text="Write a page.", needs=("facts",))
BOUND = Budget(usd=0.25)
INNER = Plan(name="inner", steps=(Step(id="a", agent="writer", text="x"),), budget=Budget(usd=0.5))


@pytest.fixture(autouse=True)
def fresh_consoles() -> None:
    render.out.cache_clear()


async def shown(home: Path, plan: Plan, flow: FlowTask, capsys: pytest.CaptureFixture[str]) -> str:
    async with open_process(
        home, RepliesWith(lambda _: "x", capabilities=Capabilities()), AGENTS
    ) as app:
        await show_plan(app, plan, flow)
    return capsys.readouterr().out


async def test_a_step_is_shown_with_what_it_is_asked_and_not_with_what_it_reads(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = await shown(
        tmp_path, Plan(name="plan", steps=(FACTS, PAGE)), FlowTask(name="do", budget=BOUND), capsys
    )

    assert told.startswith("plan (2 steps, 1 at once, ≤ $0.25)\n")
    assert "Find facts." in told
    assert "notes" not in told


@pytest.mark.parametrize(
    ("steps", "of_flow", "price"),
    [
        ((FACTS,), BOUND, "≤ $0.25"),
        ((Step(id="a", agent="writer", text="x", budget=Budget(usd=0.5)),), NO_BUDGET, "≤ $0.50"),
        ((Step(id="a", plan=INNER, for_each=["x", "y"]),), NO_BUDGET, "≤ $1.00"),
        ((FACTS,), NO_BUDGET, "at an unknown price"),
        ((Step(id="a", create=Create(name="a", purpose="x")),), NO_BUDGET, "at an unknown price"),
        ((Step(id="a", agent="nobody", text="x"),), NO_BUDGET, "at an unknown price"),
        ((Step(id="a", person="Which tea?"),), NO_BUDGET, "free"),
    ],
)
async def test_the_price_is_a_bound_or_unknown_and_never_a_guess(
    steps: tuple[Step, ...],
    of_flow: Budget,
    price: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    flow = FlowTask(name="do", budget=of_flow)

    told = await shown(tmp_path, Plan(name="plan", steps=steps), flow, capsys)

    assert told.splitlines()[0] == f"plan (1 step, 1 at once, {price})"
