"""`agents_list` and `session_status`: a case for each parameter."""

from __future__ import annotations

import pytest

from parallel_agents.core.store import Filter
from tests.unit.session_tools.contract import AGENT, ANY, Case, containing, one_done, refused, rows
from tests.unit.session_tools.world import open_world

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
    Case(
        "agents_list of an agent that is spelt otherwise",
        {"agentId": "Writer"},
        refused("did you mean 'writer'?"),
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


async def test_a_session_of_several_runs_has_used_what_all_of_them_did() -> None:
    async with open_world() as world:
        spawned = await world.done(label="research")
        more = {"sessionKey": "research", "message": "More.", "timeoutSeconds": 60}
        await world.call("sessions_send", more)
        status = await world.call("session_status", {"sessionKey": "research"})
        (row,) = (await world.call("sessions_list", {}))["sessions"]
        (child,) = (await world.call("subagents", {"action": "list"}))["recent"]
        runs = await world.rig.service.list(
            Filter(session=spawned["childSessionKey"], every_run=True)
        )
        costs = await world.rig.store.costs(tree=spawned["childSessionKey"])

    used = [each.run.spend.usage.total_tokens for each in runs]
    assert len(used) == 2
    assert status["totalTokens"] == row["totalTokens"] == child["totalTokens"] == sum(used)
    assert status["totalTokens"] == sum(each.spend.usage.total_tokens for each in costs)
    assert status["lastRunTokens"] == row["lastRunTokens"] == used[0]
    assert f"{sum(used)} tokens" in status["statusText"]
