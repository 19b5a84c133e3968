"""A plan may use the agents that are named, or those that need nothing and change nothing."""

from __future__ import annotations

import pytest

from tests.unit.orchestration.parts import Team, asked, do, process, step


@pytest.mark.parametrize("name", ["agent_orchestrator", "create_agent"])
async def test_what_would_plan_again_or_means_a_new_agent_is_no_agent_of_a_plan(name: str) -> None:
    async with process(Team([step("a")])) as rig:
        result = await do(rig, asked(agents=(name,)))

    assert result.error is not None
    assert "cannot be" in result.error.message
