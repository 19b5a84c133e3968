"""Only a sound plan counts; what a model writes instead is told, and ends nothing early."""

from __future__ import annotations

import pytest

from tests.unit.orchestration.parts import Team, do, process, step


@pytest.mark.parametrize("usd", [1e308, 1e-10])
async def test_a_budget_that_is_none_goes_back_to_the_orchestrator(usd: float) -> None:
    team = Team([step("a", usd=usd)], [step("a")])

    async with process(team) as rig:
        result = await do(rig)

    assert result.is_done, result.error
    assert "a budget cannot be" in team.asked[1]


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ([step("a", agent="nobody")], "nobody"),
        ([step(f"s{n}") for n in range(1000)], "steps"),
        ([], "steps"),
    ],
    ids=["unknown agent", "a thousand steps", "no steps"],
)
async def test_an_answer_that_is_no_plan_ends_the_goal_with_what_is_wrong(
    plan: list[dict[str, object]], told: str
) -> None:
    team = Team(plan)

    async with process(team) as rig:
        result = await do(rig)

    assert result.error is not None
    assert result.error.code == "PA-E340"
    assert result.error.message == "the orchestrator made no plan"
    assert told in result.error.why
    assert "--plan FILE" in result.error.hint
    assert team.calls == []
