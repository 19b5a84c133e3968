"""The loop of the guides makes an agent better until it has its score, or says why it has not."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import TYPE_CHECKING

from parallel_agents.agent_versions.record import DraftRecord
from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.core.agent import Agent
from parallel_agents.core.policy import Policy
from parallel_agents.core.task import Task
from parallel_agents.creating.created import CreateOptions
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.refinement import refine_all
from parallel_agents.surfaces.openclaw.tasks import AgentResult
from tests.unit.creating.parts import files
from tests.unit.creating.test_creator import Makers

if TYPE_CHECKING:
    from tests.unit.surfaces.openclaw.conftest import OpenApp

SORTER = {"name": "sorter", "current_score": 7.4, "target": 8.5}
LEAD = Agent("lead", instructions="Lead.", policy=Policy(spawns=("main",)))


async def refined(
    open_app_with: OpenApp, home: Path, makers: Makers, *agents: dict[str, object]
) -> list[AgentResult]:
    await AgentRegistry(home).keep_draft("sorter", files(), DraftRecord(at=0, purpose="Sorts."))
    async with open_app_with(makers.model) as app:
        return await refine_all(
            app, Requester(), agents, CreateOptions(rounds=2), most=2, model=None
        )


async def test_an_agent_is_refined_until_it_has_its_score(
    open_app_with: OpenApp, tmp_path: Path
) -> None:
    (result,) = await refined(open_app_with, tmp_path, Makers(7.4, 9.0), SORTER)

    assert (result.status, result.task_id) == ("completed", "refine_sorter")
    assert result.output["score"] == 9.0
    assert [each["score"] for each in result.output["rounds"]] == [7.4, 9.0]
    assert result.session_key
    assert await asyncio.to_thread((tmp_path / "agents" / "sorter.md").is_file)


async def test_one_that_does_not_get_there_says_why(open_app_with: OpenApp, tmp_path: Path) -> None:
    hard = {**SORTER, "target": 9.9}

    results = await refined(open_app_with, tmp_path, Makers(7.4), hard, {"name": "nobody"}, {})

    assert [result.status for result in results] == ["failed"] * 3
    assert results[0].error == (
        "PA-E332 sorter stays a draft; its score is 7.4, below 9.9; pagents agents refine sorter"
    )
    assert (results[1].error or "").startswith("PA-E102 there is no agent 'nobody'")
    assert (results[2].error or "").startswith("PA-E101")


async def test_a_session_that_may_not_spawn_the_makers_may_not_refine(
    open_app_with: OpenApp,
) -> None:
    makers = Makers()
    async with open_app_with(makers.model, agents=[LEAD]) as app:
        spawned = await app.sessions.spawn(Task("lead", "case"))
        await app.sessions.wait([spawned.run_id])
        made = len(makers.calls)
        (result,) = await refine_all(
            app,
            Requester(session=spawned.session_key),
            [SORTER],
            CreateOptions(),
            most=2,
            model=None,
        )

    assert (result.error or "").startswith("PA-E108")
    assert len(makers.calls) == made
