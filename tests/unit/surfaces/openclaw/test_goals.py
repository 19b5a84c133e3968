"""The agent that plans for itself is spawned like any other, and is the flow that plans and reaches a goal."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
import pytest

from parallel_agents.core.model import ModelRequest
from parallel_agents.core.object_schema import properties
from parallel_agents.core.schema import JsonObject
from parallel_agents.session_tools.context import Requester
from parallel_agents.surfaces.openclaw.tools import spawn
from parallel_agents.testing import RepliesWith

if TYPE_CHECKING:
    from tests.unit.surfaces.openclaw.conftest import OpenApp

GOAL: JsonObject = {"task": "Write about tea.", "agent_type": "agent_orchestrator", "timeout": 600}
STEP: JsonObject = {"id": "post", "agent": "main", "text": "Write about tea.", "reads": []}
REST: JsonObject = {"input": [], "check": "", "usd": 0, "new_agent": "", "target": 0}


def answer(request: ModelRequest) -> str:
    names = properties(request.output_schema or {})
    if "steps" in names:
        return orjson.dumps({"steps": [{**STEP, **REST}]}).decode()
    if "statements" in names:
        statement = {"from": ["post"], "text": "Tea is written about."}
        return orjson.dumps({"statements": [statement]}).decode()
    return "Tea is a drink."


async def test_a_goal_is_planned_done_and_reported_on(open_app_with: OpenApp) -> None:
    async with open_app_with(RepliesWith(answer, "bench/m")) as app:
        spawned = await spawn(app, Requester(), {**GOAL, "label": "tea"})
        (result,) = await app.sessions.wait([spawned["runId"]])

    assert (spawned["status"], spawned["mode"], spawned["label"]) == ("accepted", "run", "tea")
    assert result.session_key == spawned["childSessionKey"]
    assert "Tea is written about. [post]" in str(result.output)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"task": " "}, "a goal has 1 to 20,000 characters"),
        ({"cwd": "/tmp"}, "takes no cwd"),
        ({"timeout": -1}, "runTimeoutSeconds must be a non-negative integer"),
        ({"model": "nobody/none"}, "nobody/none"),
    ],
)
async def test_what_cannot_be_a_goal_is_refused(
    open_app_with: OpenApp, given: JsonObject, says: str
) -> None:
    async with open_app_with(RepliesWith(answer, "bench/m")) as app:
        refused = await spawn(app, Requester(), {**GOAL, **given})

    assert refused["status"] == "error"
    assert says in refused["error"]
