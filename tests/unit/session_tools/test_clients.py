"""Clients: each reaches its own sessions first, then those of other clients, and none of the person's."""

from __future__ import annotations

import asyncio

from parallel_agents.session_tools.context import Requester
from tests.unit.session_tools.world import open_world

FIRST, SECOND, PERSON = (Requester(client=name) for name in ("mcp-1", "mcp-2", ""))


async def test_a_label_that_is_used_again_means_the_clients_own_session() -> None:
    async with open_world() as world:
        keys = [(await world.done(by, label="report"))["childSessionKey"] for by in (FIRST, SECOND)]
        read = [
            await world.call("sessions_history", {"sessionKey": "report"}, by)
            for by in (FIRST, SECOND)
        ]
        waited = await world.call("agents_wait", {"ids": ["report"]}, SECOND)

    assert [each["sessionKey"] for each in read] == keys
    assert waited["completed"][0]["sessionKey"] == keys[1]


async def test_a_client_reaches_what_an_earlier_one_spawned() -> None:
    async with open_world() as world:
        spawned = await world.done(FIRST, label="report")
        by_label = await world.call("sessions_history", {"sessionKey": "report"}, SECOND)
        by_run = await world.call("agents_wait", {"ids": [spawned["runId"]]}, SECOND)
        listed = await world.call("sessions_list", {}, SECOND)

    assert by_label["sessionKey"] == spawned["childSessionKey"]
    assert by_run["completed"][0]["runId"] == spawned["runId"]
    assert listed["count"] == 1


async def test_a_client_does_not_reach_the_work_of_the_person() -> None:
    async with open_world() as world:
        spawned = await world.done(PERSON, label="report")
        read = await world.call("sessions_history", {"sessionKey": "report"}, FIRST)
        by_run = await world.call("agents_wait", {"ids": [spawned["runId"]]}, FIRST)
        listed = await world.call("sessions_list", {}, FIRST)

    assert read["status"] == "forbidden"
    assert "--all-sessions" in read["error"]
    assert by_run["errors"][0]["error"] == "not_owner"
    assert listed["count"] == 0


async def test_killing_all_ends_what_the_client_spawned_alone() -> None:
    async with open_world() as world:
        live = {
            by.client: (await world.call("sessions_spawn", {"task": "x", "label": "job"}, by))
            for by in (FIRST, SECOND, PERSON)
        }
        killed = await world.call("subagents", {"action": "kill", "target": "all"}, SECOND)
        rows = await world.rig.sessions.list()

    assert killed["killed"] == 1
    ended = {row.session.key for row in rows if row.run.status.value == "killed"}
    assert ended == {live["mcp-2"]["childSessionKey"]}


async def test_a_call_of_a_client_waits_no_longer_than_it_may_and_says_how_to_ask_again() -> None:
    waiting = Requester(client="mcp-1", longest_wait=1.0)
    async with open_world() as world:
        spawned = await world.call("sessions_spawn", {"task": "x", "label": "slow"}, waiting)
        asked = {"ids": ["slow"], "timeoutSeconds": 600}
        begun = asyncio.get_running_loop().time()
        waited = await world.call("agents_wait", asked, waiting)
        took = asyncio.get_running_loop().time() - begun

    assert took == 1.0
    assert waited["pending"][0]["runId"] == spawned["runId"]
    assert "wait again" in waited["note"]
