"""`agents_list` and `session_status`: a case for each parameter."""

from __future__ import annotations

import pytest

from tests.unit.session_tools.contract import AGENT, ANY, Case, containing, one_done, refused, rows

LIST = [
    Case("agents_list", {}, {"requester": "main", "allowAny": True, "agents": ANY, "more": ANY}),
    Case(
        "agents_list of one agent",
        {"agentId": "writer"},
        {"agents": rows(1, ["description", "model", "agentRuntime"], id="writer")},
    ),
    Case(
        "agents_list of an unknown agent",
        {"agentId": "ghost"},
        refused('Agent "ghost" not found'),
    ),
]


@pytest.mark.parametrize("case", LIST, ids=str)
async def test_agents_list(case: Case) -> None:
    await case.check("agents_list")


STATUS = [
    Case(
        "session_status",
        {"sessionKey": "research"},
        {
            "ok": True,
            "sessionKey": AGENT,
            "agentId": "main",
            "changedModel": False,
            "stateVersion": 1,
            "statusText": containing("research: done on scripted/model"),
        },
        one_done,
    ),
    Case(
        "session_status with a model",
        {"sessionKey": "research", "model": "a/b"},
        refused("session_status cannot change a session's model"),
        one_done,
    ),
]


@pytest.mark.parametrize("case", STATUS, ids=str)
async def test_session_status(case: Case) -> None:
    await case.check("session_status")
