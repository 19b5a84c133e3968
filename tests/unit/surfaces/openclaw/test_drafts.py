"""A reviewer of an agent begins after its creator, and reads the draft."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import orjson

from parallel_agents.agent_versions.registry import AgentRegistry
from parallel_agents.core.model import ModelRequest
from parallel_agents.core.schema import Json
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.execution import execute
from parallel_agents.surfaces.openclaw.rosters import create_meta_agent_workflow
from parallel_agents.surfaces.openclaw.tasks import AgentResult, AgentTask
from parallel_agents.testing import Answer, RepliesWith
from tests.unit.creating.parts import CASE_LIST, DESIGN, INSTRUCTIONS
from tests.unit.creating.test_creator import review

if TYPE_CHECKING:
    from tests.unit.surfaces.openclaw.conftest import OpenApp

WHOLE: Json = {**DESIGN, "instructions": INSTRUCTIONS, "cases": CASE_LIST}
WANTED = [{"name": "sorter", "purpose": "Sorts tickets."}, {"name": "other", "purpose": "Else."}]


class Model:
    """Designs agents and reviews them; it fails at the agent of the name `other` if told to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.asked: list[str] = []
        self.fails = fails
        self.model = RepliesWith(self._answer, "bench/m", latency_seconds=1)

    def _answer(self, request: ModelRequest) -> Answer:
        text = request.messages[0].text
        self.asked.append(text)
        if text.startswith("Design the agent"):
            is_refused = self.fails and "other" in text.partition(":")[0]
            return "no" if is_refused else orjson.dumps(WHOLE).decode()
        return orjson.dumps(review(8.0)).decode()


async def carried(
    open_app_with: OpenApp, model: Model, tasks: list[AgentTask]
) -> list[AgentResult]:
    async with open_app_with(model.model) as app:
        return await execute(app, Requester(), tasks, most=5, model=None)


async def test_reviewers_read_what_their_creators_made(
    open_app_with: OpenApp, tmp_path: Path
) -> None:
    model = Model()

    results = await carried(open_app_with, model, create_meta_agent_workflow(WANTED))

    assert [result.status for result in results] == ["completed"] * 4
    assert [text.partition(" ")[0] for text in model.asked] == ["Design"] * 2 + ["Review"] * 2
    assert "name: sorter" in model.asked[2]
    assert "# Cases" in model.asked[2]
    registry = AgentRegistry(tmp_path)
    record, files = registry.draft("sorter")
    assert registry.drafts() == ["other", "sorter"]
    assert registry.live("sorter") is None
    assert (record.purpose, record.proof.score) == ("Sorts tickets.", 8.0)
    assert record.reasons == ("its cases were not run",)
    assert files.cases.startswith("agent: sorter\n")


async def test_a_reviewer_without_a_draft_is_not_asked(open_app_with: OpenApp) -> None:
    model = Model(fails=True)

    results = await carried(open_app_with, model, create_meta_agent_workflow(WANTED))

    assert [result.status for result in results] == ["completed", "failed", "completed", "failed"]
    assert (results[3].error or "").startswith("PA-E331 there is no draft of other to review")
    assert not any("Review the design of the agent other" in text for text in model.asked)


async def test_a_name_that_leads_elsewhere_is_written_nowhere(
    open_app_with: OpenApp, tmp_path: Path
) -> None:
    wanted = [{"name": "../../x", "purpose": "Escapes."}]

    results = await carried(open_app_with, Model(), create_meta_agent_workflow(wanted))

    assert results[0].status == "completed"
    assert (results[1].error or "").startswith("PA-E101")
    assert not (tmp_path / "drafts").exists()


async def test_a_reviewer_that_was_given_a_draft_needs_no_creator(open_app_with: OpenApp) -> None:
    task = AgentTask("agent_design_reviewer", "Review it.", {"draft": "Sort the ticket."})

    (result,) = await carried(open_app_with, Model(), [task])

    assert result.status == "completed"
